"""Tokens: signed access tokens (JWT, EdDSA), derived refresh tokens and mailed ones.

PyJWT alone takes foreign header fields, a list of audiences and an expiry in decades, and asks the
machine's clock. The checks around it follow RFC 8725 (exact header, one algorithm, one audience) and
RFC 9068 (the type `at+jwt`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import attrs
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from printapic.adapters.users.keyring import KeyRing
from printapic.application.ports.users import AccessClaims, TokenIssuer
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.session import SessionInvalid

LIFETIME_S = 300
JITTER_S = LIFETIME_S // 20
LEEWAY_S = 30
_LONGEST_LIFETIME_S = LIFETIME_S + 30
_LARGEST_TOKEN = 2048
_ALGORITHM, _TYPE = "EdDSA", "at+jwt"
_COMPACT = re.compile(r"[\w-]{1,256}\.[\w-]{1,1536}\.[\w-]{86}", re.ASCII)
_REFRESH = re.compile(
    r"prt_(?P<kid>[\w-]{1,32})\.(?P<session>[0-9a-f]{32})\.(?P<generation>[1-9]\d{0,8})\.[\w-]{43}", re.ASCII
)


class _Claims(msgspec.Struct):
    """All that an access token says, in the only types that we ever write."""

    iss: str
    aud: str
    sub: UUID
    sid: UUID
    iat: int
    nbf: int
    exp: int
    jti: str


@attrs.frozen
class _Verified:
    claims: AccessClaims
    not_before: int
    expires: int

    def valid(self, now: int) -> bool:
        return self.not_before - LEEWAY_S <= now < self.expires + LEEWAY_S


class JwtTokenIssuer(TokenIssuer):
    """Makes tokens under the ring's active key, and reads those under any of its keys.

    `issuer` and `audience` must be the token's own, literally. A signature costs about a tenth of a
    millisecond to check and the same token comes with every request, so the newest `remembered` good
    ones are known again by their text; their expiry is looked at each time.
    """

    def __init__(self, *, keyring: KeyRing, issuer: str, audience: str, remembered: int = 4096) -> None:
        self._issuer = issuer
        self._audience = audience
        self._kid = keyring.active
        self._private = {
            kid: Ed25519PrivateKey.from_private_bytes(keyring.secret("access token", kid))
            for kid in keyring.kids
        }
        self._public = {kid: key.public_key() for kid, key in self._private.items()}
        self._refresh_keys = {kid: keyring.secret("refresh token", kid) for kid in keyring.kids}
        self._mail_key = keyring.secret("mail token")
        self._seen: dict[str, _Verified] = {}
        self._remembered = remembered
        self._lock = threading.Lock()

    def access_token(self, user_id: UserId, session_id: SessionId, *, at: datetime) -> tuple[str, int]:
        """The lifetime varies by 5 %, so that clients that came together do not return together."""
        issued = int(at.timestamp())
        lifetime = LIFETIME_S - JITTER_S + secrets.randbelow(2 * JITTER_S + 1)
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": issued,
            "nbf": issued,
            "exp": issued + lifetime,
            "jti": secrets.token_urlsafe(16),
        }
        headers = {"kid": self._kid, "typ": _TYPE}
        return jwt.encode(claims, self._private[self._kid], algorithm=_ALGORITHM, headers=headers), lifetime

    def read_access_token(self, token: str, *, at: datetime) -> AccessClaims:
        verified = self._seen.get(token)
        if verified is None:
            verified = self._verify(token)
            self._remember(token, verified)
        if not verified.valid(int(at.timestamp())):
            raise SessionInvalid
        return verified.claims

    def refresh_token(self, session_id: SessionId, generation: int) -> str:
        return self._refresh_token(self._kid, session_id, generation)

    def read_refresh_token(self, token: str) -> tuple[SessionId, int]:
        parts = _REFRESH.fullmatch(token)
        if parts is None or parts["kid"] not in self._refresh_keys:
            raise SessionInvalid
        session_id, generation = SessionId(UUID(parts["session"])), int(parts["generation"])
        if not hmac.compare_digest(self._refresh_token(parts["kid"], session_id, generation), token):
            raise SessionInvalid
        return session_id, generation

    def mail_token(self, purpose: str, subject: str) -> str:
        """43 characters of base64url. Raises `ValueError` for a NUL, which separates the two parts."""
        if "\0" in purpose + subject:
            raise ValueError("a purpose and a subject contain no NUL")
        return _mac(self._mail_key, purpose, subject)

    def _refresh_token(self, kid: str, session_id: SessionId, generation: int) -> str:
        mac = _mac(self._refresh_keys[kid], session_id.hex, str(generation))
        return f"prt_{kid}.{session_id.hex}.{generation}.{mac}"

    def _remember(self, token: str, verified: _Verified) -> None:
        with self._lock:
            self._seen[token] = verified
            while len(self._seen) > self._remembered:
                del self._seen[next(iter(self._seen))]

    def _verify(self, token: str) -> _Verified:
        """Everything but the time. Raises `SessionInvalid`."""
        if len(token) > _LARGEST_TOKEN or not _COMPACT.fullmatch(token):
            raise SessionInvalid
        try:
            key = self._public[_kid(jwt.get_unverified_header(token))]
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return _verified(claims)
        except (jwt.PyJWTError, KeyError, ValueError, OverflowError):
            raise SessionInvalid from None


def _kid(header: Mapping[str, object]) -> str:
    kid = header["kid"]
    if dict(header) != {"alg": _ALGORITHM, "kid": kid, "typ": _TYPE} or not isinstance(kid, str):
        raise ValueError("a foreign header")
    return kid


def _verified(claims: Mapping[str, object]) -> _Verified:
    """PyJWT has looked at the signature, the issuer and the audience; here are types and lifetime."""
    read = msgspec.convert(claims, _Claims)
    if not read.iat <= read.nbf < read.exp <= read.iat + _LONGEST_LIFETIME_S:
        raise ValueError("a foreign lifetime")
    expires_at = datetime.fromtimestamp(read.exp, UTC)
    return _Verified(AccessClaims(UserId(read.sub), SessionId(read.sid), expires_at), read.nbf, read.exp)


def _mac(key: bytes, *parts: str) -> str:
    message = "\0".join(parts).encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)).decode().rstrip("=")
