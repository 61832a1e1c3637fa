"""Prices: loading them, showing them and quoting."""
