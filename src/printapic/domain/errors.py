"""The root of every refusal, and its seven kinds.

A concrete error is defined in the module that raises it, names what happened, and carries a stable
kebab-case `code` on which clients may rely. How a kind is shown (HTTP status, exit code) is decided
by the entrypoints alone.
"""

from __future__ import annotations

from typing import ClassVar


class PrintAPicError(Exception):
    """Something was refused, or could not be done.

    `message` is one sentence for people, without secrets and without echoing input. `details` are
    plain JSON values that a client may act on.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Invalid(PrintAPicError):
    """The request contradicts a rule and would be refused again unchanged."""

    code = "invalid"


class NotFound(PrintAPicError):
    """No such thing, or not one that the caller may know of: the two are told apart nowhere."""

    code = "not-found"


class Conflict(PrintAPicError):
    """The request was sensible but the state of the thing has moved on.

    `retry_after_s` is set where nothing was decided, and the same request may pass a moment later.
    """

    code = "conflict"
    retry_after_s: int | None = None


class Denied(PrintAPicError):
    """The caller is known and is not allowed to do this."""

    code = "denied"


class Unauthenticated(PrintAPicError):
    """The caller did not prove who they are."""

    code = "unauthenticated"


class Throttled(PrintAPicError):
    """Too many attempts; `retry_after_s` says when the next one may pass."""

    code = "throttled"

    def __init__(self, message: str, *, retry_after_s: int, **details: object) -> None:
        super().__init__(message, **details)
        self.retry_after_s = retry_after_s


class Unavailable(PrintAPicError):
    """Something we depend on did not answer. Nothing was decided; try again."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 2, **details: object) -> None:
        super().__init__(message, **details)
        self.retry_after_s = retry_after_s
