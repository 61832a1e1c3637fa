"""The `printapic` command."""
