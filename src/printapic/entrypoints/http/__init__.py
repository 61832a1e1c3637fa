"""The HTTP API: Litestar controllers that translate requests to use cases, and refusals to problems."""
