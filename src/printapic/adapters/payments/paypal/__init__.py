"""PayPal: Orders v2, Payments v2, disputes and transaction search, and the notifications that it signs."""
