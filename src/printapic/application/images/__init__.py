"""Photos: taking them in, showing them and judging how they print."""
