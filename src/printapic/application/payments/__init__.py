"""Payments: collecting, settling and giving back, with every step remembered first."""
