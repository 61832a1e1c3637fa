"""Payments: what is due, who was asked for it, and which money really moved.

Facts only accumulate. A status is always derived from them, so the order in which news arrives does
not matter.
"""
