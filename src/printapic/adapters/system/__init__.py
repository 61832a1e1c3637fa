"""The machine's own gifts: time and chance, and their predictable doubles."""
