"""Speed and memory of resound and of the libraries that do the same; `make bench` runs it."""
