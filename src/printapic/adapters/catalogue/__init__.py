"""Where price lists come from."""
