"""Jobs in the eyes of whoever looks after the shop."""
