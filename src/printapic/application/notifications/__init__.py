"""Notifications: telling customers what happened, once."""
