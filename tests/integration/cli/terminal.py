"""What the command says to a terminal."""

from __future__ import annotations

from collections.abc import Callable

import attrs


@attrs.frozen
class Answer:
    exit_code: int
    out: str
    err: str


Command = Callable[..., Answer]
