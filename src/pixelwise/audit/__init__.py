"""What label images contain: counts, class weights, and a look at an unknown folder."""
