"""PayPal as its published contract describes it: orders, payments, disputes, reports and signed news."""
