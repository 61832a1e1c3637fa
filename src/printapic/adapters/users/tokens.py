"""Tokens: signed access tokens (JWT, EdDSA), derived refresh tokens and mailed ones.

PyJWT proves the signature and its only spelling. It alone would take foreign header fields, a name given
twice, a list of audiences and an expiry in decades, so header and claims are read here: exactly what we
write ourselves, after RFC 8725 (exact header, one algorithm, one audience) and RFC 9068 (the type `at+jwt`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NoReturn, Protocol
from uuid import UUID

import attrs
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from printapic.adapters.users.keyring import LONGEST_LIFE, KeyRing
from printapic.application.ports.clock import Clock
from printapic.application.ports.users import AccessClaims, PublicKey, TokenIssuer
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.session import SessionInvalid

LIFETIME_S = 300
JITTER_S = LIFETIME_S // 20
LEEWAY_S = 30
_LONGEST_LIFETIME_S = LIFETIME_S + 30
_LONGEST_ACCESS = timedelta(seconds=_LONGEST_LIFETIME_S + LEEWAY_S)
_LARGEST_TOKEN = 2048
_ALGORITHM, _TYPE = "EdDSA", "at+jwt"
_JWS = jwt.PyJWS(algorithms=[_ALGORITHM])
_COMPACT = re.compile(r"[\w-]{1,256}\.[\w-]{1,1536}\.[\w-]{86}", re.ASCII)
_REFRESH = re.compile(
    r"prt_(?P<kid>[\w-]{1,32})\.(?P<session>[0-9a-f]{32})\.(?P<generation>[1-9]\d{0,8})\.[\w-]{43}", re.ASCII
)


_Seconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]
"""Since 1970; the last second that a calendar with four digits for the year can show."""


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    """No `crit`, no key of its own, no address where to find one."""

    alg: Literal["EdDSA"]
    kid: str
    typ: Literal["at+jwt"]


class _Claims(msgspec.Struct):
    """All that an access token says, in the only types that we ever write. Newer releases may say more."""

    iss: str
    aud: str
    sub: UUID
    sid: UUID
    gen: Annotated[int, msgspec.Meta(ge=1, le=999_999_999)]
    iat: _Seconds
    nbf: _Seconds
    exp: _Seconds
    jti: str


@attrs.frozen
class _Verified:
    kid: str
    claims: AccessClaims
    not_before: int
    expires: int

    def valid(self, now: int) -> bool:
        return self.not_before - LEEWAY_S <= now < self.expires + LEEWAY_S


class CurrentRing(Protocol):
    """Where the ring is found as it is now; naming a key that may be very new finds it at once."""

    def current(self, wanted: str | None = None) -> KeyRing: ...


class _Keys:
    """One state of the ring, as signing keys, and the good tokens seen since it came about."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.private = {
            kid: Ed25519PrivateKey.from_private_bytes(ring.secret("access token", kid)) for kid in ring.kids
        }
        self.public = {kid: key.public_key() for kid, key in self.private.items()}
        self.seen: dict[str, _Verified] = {}


class JwtTokenIssuer(TokenIssuer):
    """Makes tokens under the ring's active key, and reads those under any key that still serves.

    `issuer` and `audience` must be the token's own, literally; `clock` tells when a key retires. A signature
    costs about a tenth of a millisecond to check and the same token comes with every request, so the
    newest `remembered` good ones are known again by their text; their expiry, and that of their key, is
    looked at each time, and a changed ring begins anew.
    """

    def __init__(
        self, *, keyring: CurrentRing, clock: Clock, issuer: str, audience: str, remembered: int = 4096
    ) -> None:
        self._keyring = keyring
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._held = _Keys(keyring.current())
        self._remembered = remembered
        self._lock = threading.Lock()

    def access_token(
        self, user_id: UserId, session_id: SessionId, generation: int, *, at: datetime
    ) -> tuple[str, int]:
        """The lifetime varies by 5 %, so that clients that came together do not return together."""
        issued = int(at.timestamp())
        lifetime = LIFETIME_S - JITTER_S + secrets.randbelow(2 * JITTER_S + 1)
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "sid": str(session_id),
            "gen": generation,
            "iat": issued,
            "nbf": issued,
            "exp": issued + lifetime,
            "jti": secrets.token_urlsafe(16),
        }
        keys = self._keys()
        kid = keys.ring.active
        headers = {"kid": kid, "typ": _TYPE}
        return jwt.encode(claims, keys.private[kid], algorithm=_ALGORITHM, headers=headers), lifetime

    def read_access_token(self, token: str, *, at: datetime) -> AccessClaims:
        keys = self._keys()
        verified = keys.seen.get(token)
        if verified is None:
            keys, verified = self._verify(token)
            self._remember(keys, token, verified)
        if not verified.valid(int(at.timestamp())) or not self._serves(keys.ring, verified.kid):
            raise SessionInvalid
        return verified.claims

    def refresh_token(self, session_id: SessionId, generation: int) -> str:
        ring = self._keyring.current()
        return _refresh_token(ring, ring.active, session_id, generation)

    def read_refresh_token(self, token: str) -> tuple[SessionId, int]:
        parts = _REFRESH.fullmatch(token)
        if parts is None:
            raise SessionInvalid
        kid, ring = parts["kid"], self._keyring.current(parts["kid"])
        if not ring.serves(kid, life=LONGEST_LIFE, at=self._clock.now()):
            raise SessionInvalid
        session_id, generation = SessionId(UUID(parts["session"])), int(parts["generation"])
        if not hmac.compare_digest(_refresh_token(ring, kid, session_id, generation), token):
            raise SessionInvalid
        return session_id, generation

    def pseudonym(self, purpose: str, text: str) -> str:
        """Two texts never have one pseudonym: the purpose is part of the key."""
        return _mac(self._keyring.current().secret(f"pseudonym {purpose}"), text)

    def mail_token(self, purpose: str, subject: str) -> str:
        """43 characters of base64url. Raises `ValueError` for a NUL, which separates the two parts."""
        if "\0" in purpose + subject:
            raise ValueError("a purpose and a subject contain no NUL")
        ring = self._keyring.current()
        kid = ring.oldest(life=LONGEST_LIFE, at=self._clock.now())
        return _mac(ring.secret("mail token", kid), purpose, subject)

    def public_keys(self) -> tuple[PublicKey, ...]:
        keys = self._keys()
        return tuple(
            PublicKey(kid=kid, key=public.public_bytes_raw())
            for kid, public in keys.public.items()
            if self._serves(keys.ring, kid)
        )

    def _keys(self, wanted: str | None = None) -> _Keys:
        """What the ring, as it is now, means for tokens."""
        ring, held = self._keyring.current(wanted), self._held
        if held.ring is not ring:
            held = self._held = _Keys(ring)
        return held

    def _serves(self, ring: KeyRing, kid: str) -> bool:
        return ring.serves(kid, life=_LONGEST_ACCESS, at=self._clock.now())

    def _remember(self, keys: _Keys, token: str, verified: _Verified) -> None:
        with self._lock:
            keys.seen[token] = verified
            while len(keys.seen) > self._remembered:
                del keys.seen[next(iter(keys.seen))]

    def _verify(self, token: str) -> tuple[_Keys, _Verified]:
        """Everything but the times. Raises `SessionInvalid`."""
        if len(token) > _LARGEST_TOKEN or not _COMPACT.fullmatch(token):
            raise SessionInvalid
        head, body, _ = token.split(".")
        try:
            header = msgspec.convert(_document(head), _Header)
            keys = self._keys(header.kid)
            _JWS.decode(token, keys.public[header.kid], algorithms=[_ALGORITHM])
            return keys, self._verified(header.kid, msgspec.convert(_document(body), _Claims))
        except (jwt.PyJWTError, KeyError, ValueError, OverflowError, RecursionError):
            raise SessionInvalid from None

    def _verified(self, kid: str, claims: _Claims) -> _Verified:
        """What a good signature does not say. Raises `ValueError`."""
        if (claims.iss, claims.aud) != (self._issuer, self._audience):
            raise ValueError("of or for somebody else")
        if not claims.iat <= claims.nbf < claims.exp <= claims.iat + _LONGEST_LIFETIME_S:
            raise ValueError("a foreign lifetime")
        expires_at = datetime.fromtimestamp(claims.exp, UTC)
        said = AccessClaims(UserId(claims.sub), SessionId(claims.sid), claims.gen, expires_at)
        return _Verified(kid, said, claims.nbf, claims.exp)


def _document(segment: str) -> object:
    """The JSON in one part of a token. Raises `ValueError`, for what only Python takes for JSON as well."""
    raw = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    return json.loads(raw.decode(), object_pairs_hook=_no_name_twice, parse_constant=_no_number)


def _no_name_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name is there twice")
    return document


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _refresh_token(ring: KeyRing, kid: str, session_id: SessionId, generation: int) -> str:
    mac = _mac(ring.secret("refresh token", kid), session_id.hex, str(generation))
    return f"prt_{kid}.{session_id.hex}.{generation}.{mac}"


def _mac(key: bytes, *parts: str) -> str:
    message = "\0".join(parts).encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)).decode().rstrip("=")
