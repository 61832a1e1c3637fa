"""Notifications: what a customer is told, once."""
