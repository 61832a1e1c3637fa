"""Real servers for the tests, started from wheels on free loopback ports with random credentials.

Nothing here is mocked: a test that needs PostgreSQL, S3, Redis or SMTP talks to one. Each module offers one
context manager; `keeper` sees to it that a whole test run, however many workers it has, starts at most
one of each.
"""
