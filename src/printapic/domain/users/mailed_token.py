"""Tokens that travel in mails: 256 random bits, of which only the digest is kept."""

from __future__ import annotations

import hashlib


def token_digest(token: str) -> str:
    """What is stored of a token, and found by it: its SHA-256 in hex. Any string has one."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
