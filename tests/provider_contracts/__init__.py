"""What the payment providers promise in their official OpenAPI files, held against real traffic.

`stripe_contract` and `paypal_contract` read a provider's files; `ContractTransport` stands between an
adapter's HTTP client and the wire and lets nothing pass that the contract does not allow.
"""
