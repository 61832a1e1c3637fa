"""Use cases: they decide *when*. Transactions, the order of effects and calls to the outside world.

Each use case is a frozen attrs class whose fields are the ports it needs and whose one keyword-only
`__call__` is the act. `Shop` holds them all.
"""
