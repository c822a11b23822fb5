"""One kind of candidate a file."""
