"""What handlers are given by name: the shop, the caller, the settings."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

from litestar.di import NamedDependency
from litestar.params import SkipValidation

T = TypeVar("T")

Given: TypeAlias = NamedDependency[SkipValidation[T]]
"""A dependency that we made ourselves: nobody needs to validate it on every request."""
