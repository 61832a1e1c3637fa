"""Stripe, as far as its published contract shows it: API, hosted page, bank, dashboard and webhooks."""
