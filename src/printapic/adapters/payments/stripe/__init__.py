"""Stripe: hosted Checkout pages, refunds, disputes, balance transactions and signed webhooks.

The SDK encodes our requests and sorts its errors; it sends through our one loop (`sending.py`), and what
comes back is read by msgspec: an answer with a missing field or an unknown word is never guessed at.
"""

API_VERSION = "2026-05-27.dahlia"
"""The edition of Stripe's API that we speak, whatever the account's default is."""
REQUEST_ID = "request-id"
"""The header in which Stripe names each request (docs.stripe.com/api/request_ids)."""
