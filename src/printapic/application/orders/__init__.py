"""Orders: placing, following, changing and fulfilling them."""
