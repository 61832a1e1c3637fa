"""Versions: which state of a thing its caller has seen and means to change."""

from __future__ import annotations

from printapic.domain.errors import Conflict
from printapic.domain.events import Aggregate

Versions = frozenset[int] | None
"""The versions of a thing that its caller would change; None stands for any."""


class VersionDiffers(Conflict):
    """The thing is not what the caller has seen: somebody changed it meanwhile."""

    code = "version-differs"

    def __init__(self) -> None:
        super().__init__("This changed since you read it. Please read it again.")


def demand_version(aggregate: Aggregate, versions: Versions) -> None:
    """Inside the transaction that changes it. Raises `VersionDiffers`."""
    if versions is not None and aggregate.version not in versions:
        raise VersionDiffers
