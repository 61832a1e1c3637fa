"""Reading the audit log, sealing it with checkpoints, and proving that nobody touched it."""
