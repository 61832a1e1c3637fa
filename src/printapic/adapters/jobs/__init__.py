"""Runners of jobs: threads of this process over a ledger, or Procrastinate on PostgreSQL."""
