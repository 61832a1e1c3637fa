"""Ways in: HTTP, the command line, and `open_shop` for other programs. They translate, nothing more."""
