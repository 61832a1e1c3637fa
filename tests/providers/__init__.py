"""Stripe and PayPal as we know them from their published contracts, run by the tests on loopback."""
