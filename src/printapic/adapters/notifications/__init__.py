"""Mail: its words, its form, and the ways to send it."""
