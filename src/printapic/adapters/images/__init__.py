"""Stores of picture bytes, and the engine that reads and renders pictures."""
