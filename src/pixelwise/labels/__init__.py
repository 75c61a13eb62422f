"""Label images as arrays of class indices."""
