"""What is raised where a contract is broken."""

from __future__ import annotations

# This is `pytest.fail.Exception`, by the only name that type checkers take for a class.
from _pytest.outcomes import Failed


class ContractViolation(Failed):
    """Traffic that the provider's contract, or our own rules for it, forbid.

    Not an `Exception` on purpose: an adapter has to take whatever goes wrong in a call for the weather, and
    answers `Unknown`. No test may pass because of that. As one of pytest's own it fails the test, also from
    a fixture's end, and lets every other fixture end too.
    """
