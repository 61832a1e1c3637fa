"""Photos: what was uploaded, what is true of it, and how well it will print."""
