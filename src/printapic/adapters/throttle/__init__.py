"""Throttles: in this process alone, or shared through Redis."""
