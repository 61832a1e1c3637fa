"""Passwords and tokens: bcrypt, signed access tokens, and the keys behind them."""
