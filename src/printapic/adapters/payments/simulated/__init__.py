"""A payment provider of our own, for development, demonstrations and tests: no real money moves.

It is built like the other side of the wire, not like a mock: its own books on its own file, hosted
pages, idempotency keys, signed webhooks that come late or twice, and faults on request. It knows
nothing of our database. A shop in production refuses it.
"""
