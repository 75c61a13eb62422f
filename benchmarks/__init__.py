"""Speed and memory against peers, measured side by side. `make bench` runs all of it."""
