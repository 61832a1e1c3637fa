"""State in SQLite or PostgreSQL: SQLAlchemy Core with a mapping written by hand."""
