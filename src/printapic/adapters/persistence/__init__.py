"""Where the shop's state is kept: in memory, or in SQLite or PostgreSQL."""
