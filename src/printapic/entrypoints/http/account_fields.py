"""Fields that several requests about accounts have, no longer than anybody needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from printapic.entrypoints.http.bodies import RequestBody, ResponseBody

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^(?![\s\S]*[\x00-\x1f\x7f])")]
Password = Annotated[str, msgspec.Meta(max_length=4096)]
"""Longer than any that is taken as a new one: how many bytes it may have is the hasher's to say."""
Token = Annotated[str, msgspec.Meta(max_length=500)]
Code = Annotated[str, msgspec.Meta(max_length=64)]
"""Of an authenticator app, or a recovery code as it was written down."""

COMPARED = frozenset({"password", "current_password", "otp"})
"""Fields of secrets that are looked at and forgotten. A new password is kept, if only as a hash."""


class TokenRequest(RequestBody, kw_only=True):
    token: Token

    example: ClassVar[Mapping[str, object]] = {"token": "from the link in the mail"}


class Accepted(ResponseBody, kw_only=True):
    """The request is being seen to. The same answer for every address, known or not."""

    status: str = "accepted"

    example: ClassVar[Mapping[str, object]] = {"status": "accepted"}
