"""Where the audit log's checkpoints are kept: outside the database that they watch."""
