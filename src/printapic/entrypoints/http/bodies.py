"""JSON bodies: the classes from which requests and responses are made, and how a request's is read."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Annotated, Any, ClassVar

import attrs
import msgspec
from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.exceptions import InternalServerException
from litestar.types import Empty

from printapic.domain.errors import Invalid
from printapic.entrypoints.http.card_numbers import holds_card_number

MAX_JSON_BYTES = 64 * 1024
MAX_JSON_DEPTH = 32
IDLE_S = 10.0
WHOLE_S = 30.0
_LARGE = 4 * 1024
"""Bytes from which reading a body, hostile ones included, takes longer than others should wait for it."""
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_JSON = re.compile(r"""\s*application/json\s*(?:;\s*charset="?utf-?8"?\s*)?;?\s*""", re.IGNORECASE | re.ASCII)
_PATH = re.compile(r" - at `\$(?P<path>.*)`\Z", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+|\.\.\.)\]")
_NAMED = re.compile(
    r"Object (?P<what>contains unknown|missing required) field `(?P<name>[a-z_]\w{0,40})`", re.ASCII
)

PlainText = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^(?![\s\S]*[\x00-\x1f\x7f])")]
"""Up to 500 characters without control characters: something that a person wrote into one line."""

PlainUrl = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^(?![\s\S]*[^!-~])")]
"""Up to 2,000 visible ASCII characters, as a URL has them on the wire."""


class RequestBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a client sends. Fields that are not declared are refused. `example` is shown in OpenAPI.

    A card number is refused in every text but that of `any_digits`: fields that nobody can write one into
    unknowingly, and whose values may look like one by chance.
    """

    example: ClassVar[Mapping[str, object]] = {}
    any_digits: ClassVar[frozenset[str]] = frozenset()


class ResponseBody(msgspec.Struct, kw_only=True):
    """What a client gets. `example` is shown in OpenAPI."""

    example: ClassVar[Mapping[str, object]] = {}


class ContentTypeUnsupported(Invalid):
    code = "content-type-unsupported"

    def __init__(self, expected: str) -> None:
        super().__init__("The body has another type than this address takes.", expected=expected)


class JsonMalformed(Invalid):
    code = "json-malformed"

    def __init__(self) -> None:
        super().__init__("The body is not well-formed JSON in UTF-8.")


class JsonTooDeep(Invalid):
    code = "json-too-deep"

    def __init__(self) -> None:
        super().__init__("The JSON is nested too deeply.", limit=MAX_JSON_DEPTH)


class BodyIncomplete(Invalid):
    """The client went away in the middle of its body. Nobody reads the answer."""

    code = "body-incomplete"

    def __init__(self) -> None:
        super().__init__("The request ended before its body did.")


class BodyTooSlow(Invalid):
    code = "body-too-slow"

    def __init__(self) -> None:
        super().__init__("The body did not arrive in time.")


@attrs.frozen
class Fault:
    """What is wrong with one place of the request; `pointer` is a JSON pointer into the body."""

    pointer: str
    code: str
    detail: str


class RequestInvalid(Invalid):
    """The request is well-formed, and something in it is not as declared."""

    code = "request-invalid"

    def __init__(self, *faults: Fault) -> None:
        super().__init__("The request is not as it should be.")
        self.faults = faults


class CardNumberRefused(RequestInvalid):
    """Nothing of the request is kept, also not that it came."""

    code = "card-number-refused"

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.message = "Never send card numbers here: they belong on the payment provider's page alone."
        self.args = (self.message,)


class ShopRequest(Request[Any, Any, Any]):
    """A request that decodes JSON strictly, straight into the type that the handler declared."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces. Raises `BodyIncomplete`, or `BodyTooSlow` when it takes half a minute."""
        pieces = self.unhurried()
        deadline = time.monotonic() + WHOLE_S
        while True:
            try:
                async with asyncio.timeout(min(IDLE_S, max(0.0, deadline - time.monotonic()))):
                    piece = await anext(pieces, None)
            except TimeoutError:
                raise BodyTooSlow from None
            if piece is None:
                return
            yield piece

    async def unhurried(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces, however slowly they come. Raises `BodyIncomplete`."""
        try:
            async for piece in super().stream():
                yield piece
        except InternalServerException:
            raise BodyIncomplete from None
        self.scope["state"]["printapic.body_read"] = True

    async def json(self) -> Any:
        """Raises `ContentTypeUnsupported`, and whatever `decode` raises."""
        if self._json is Empty:
            types = self.headers.getall("content-type", [])
            if len(types) != 1 or not _JSON.fullmatch(types[0]) or "content-encoding" in self.headers:
                raise ContentTypeUnsupported("application/json")
            declared = self.route_handler.parsed_fn_signature.parameters["data"].annotation
            body = await self.body()
            large = len(body) > _LARGE
            self._json = await sync_to_thread(decode, body, declared) if large else decode(body, declared)
        return self._json


def decode(body: bytes, into: Any) -> Any:
    """JSON as `into`. Raises `JsonMalformed`, `JsonTooDeep`, `RequestInvalid` or `CardNumberRefused`."""
    if _depth(body) > MAX_JSON_DEPTH:
        raise JsonTooDeep
    try:
        decoded = msgspec.json.decode(body, type=into)
    except msgspec.ValidationError as refusal:
        if not _well_formed(body):
            raise JsonMalformed from None
        raise RequestInvalid(fault(str(refusal))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise JsonMalformed from None
    if where := tuple(_card_numbers(decoded, "")):
        raise CardNumberRefused(*(Fault(each, CardNumberRefused.code, "No card numbers.") for each in where))
    return decoded


def _card_numbers(value: Any, pointer: str) -> Iterator[str]:
    """Where card numbers are, as JSON pointers."""
    if isinstance(value, RequestBody):
        for name in value.__struct_fields__:
            if name not in value.any_digits:
                yield from _card_numbers(getattr(value, name), f"{pointer}/{name}")
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _card_numbers(each, f"{pointer}/{index}")
    elif isinstance(value, Mapping):
        # Under the pointer of the whole: a name may be what is not to be repeated.
        if any(True for pair in value.items() for _ in _card_numbers(pair, pointer)):
            yield pointer
    elif isinstance(value, str) and holds_card_number(value):
        yield pointer


def _well_formed(body: bytes) -> bool:
    """The typed decoder stops at the first wrong field, and does not see what comes after it."""
    try:
        msgspec.json.decode(body)
    except msgspec.ValidationError:
        return True
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _depth(body: bytes) -> int:
    if body.count(b"[") + body.count(b"{") <= MAX_JSON_DEPTH:
        return 0
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def fault(message: str) -> Fault:
    """What the decoder said, without any of the client's own words except a plain field name."""
    found = _PATH.search(message)
    pointer = _pointer(found["path"]) if found else ""
    text = message[: found.start()] if found else message
    if named := _NAMED.match(text):
        unknown = named["what"] == "contains unknown"
        return Fault(
            pointer=f"{pointer}/{named['name']}",
            code="field-unknown" if unknown else "field-missing",
            detail="There is no such field." if unknown else "This field is required.",
        )
    if text.startswith("Object contains unknown field"):
        return Fault(pointer=pointer, code="field-unknown", detail="There is a field that is not known here.")
    if "matching regex" in text:
        return Fault(
            pointer=pointer, code="field-invalid", detail="Some of these characters are not allowed."
        )
    if text.startswith(("Expected `", "Number out of range")):
        return Fault(pointer=pointer, code="field-invalid", detail=text)
    return Fault(pointer=pointer, code="field-invalid", detail="This is not one of its possible values.")


def _pointer(path: str) -> str:
    steps = (step["name"] or step["index"] for step in _STEP.finditer(path))
    return "".join(f"/{step}" for step in steps)
