"""Accounts: becoming a user, proving who one is, and giving roles."""
