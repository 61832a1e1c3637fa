"""The audit log: what happened to accounts and rights, in a form that cannot be changed unnoticed."""
