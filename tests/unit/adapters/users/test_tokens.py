"""Forged access tokens: each differs from a good one in one thing, and none is taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.tokens import JwtTokenIssuer
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.session import SessionInvalid

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ANNA = UserId(UUID("019aabcd-0000-7000-8000-00000000a11a"))
SESSION = SessionId(UUID("019aabcd-0000-7000-8000-000000005e55"))
RING = KeyRing(active="k2", keys={"k1": b"1" * 32, "k2": b"2" * 32})
ISSUER, AUDIENCE = "https://shop.example", "printapic"
KEY = Ed25519PrivateKey.from_private_bytes(RING.secret("access token", "k2"))
HEADER: dict[str, Any] = {"alg": "EdDSA", "kid": "k2", "typ": "at+jwt"}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": str(ANNA),
    "sid": str(SESSION),
    "iat": SECONDS,
    "nbf": SECONDS,
    "exp": SECONDS + 300,
    "jti": "an-id",
}
JUNK: list[Any] = [None, True, False, 0, -1, 1.5, "", "x", "\0", [], ["x"], {}, {"x": 1}, 10**30, "🔑"]


def issuer(remembered: int = 4096) -> JwtTokenIssuer:
    return JwtTokenIssuer(keyring=RING, issuer=ISSUER, audience=AUDIENCE, remembered=remembered)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(header: bytes | Mapping[str, Any], claims: bytes | Mapping[str, Any]) -> str:
    """A token under the shop's own key, whatever it says."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    unsigned = ".".join(encoded(part) for part in parts)
    return f"{unsigned}.{encoded(KEY.sign(unsigned.encode()))}"


GOOD = signed(HEADER, CLAIMS)
READER = issuer(remembered=0)


def without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


def wrong_claims() -> Iterator[str]:
    """Signed by ourselves: what a bug or a stolen signer of another kind of token would make."""
    for name in CLAIMS:
        yield signed(HEADER, without(CLAIMS, name))
        for junk in JUNK:
            if not (name == "jti" and isinstance(junk, str)):
                yield signed(HEADER, CLAIMS | {name: junk})
    for name in ("iat", "nbf", "exp"):
        yield signed(HEADER, CLAIMS | {name: str(CLAIMS[name])})
        yield signed(HEADER, CLAIMS | {name: float(CLAIMS[name])})
    for audience in ([AUDIENCE], [AUDIENCE, "other"], "other", AUDIENCE.upper(), AUDIENCE + " "):
        yield signed(HEADER, CLAIMS | {"aud": audience})
    for maker in ("https://shop.example/", "http://shop.example", [ISSUER]):
        yield signed(HEADER, CLAIMS | {"iss": maker})
    for lifetime in (-1, 0, 331, 3600, 10**9, 10**18):
        yield signed(HEADER, CLAIMS | {"exp": SECONDS + lifetime})
    for start in (SECONDS + 31, SECONDS + 299, SECONDS + 300):
        yield signed(HEADER, CLAIMS | {"iat": start, "nbf": start})
    yield signed(HEADER, CLAIMS | {"nbf": SECONDS - 1})
    yield signed(HEADER, CLAIMS | {"iat": SECONDS - 400, "nbf": SECONDS - 400, "exp": SECONDS - 100})
    for text in (b"", b"null", b"[]", b'"x"', b"{", b"\xff\xfe", b"[" * 1100, b'{"sub":' * 150, b"9" * 1100):
        yield signed(HEADER, text)


def wrong_headers() -> Iterator[str]:
    for name in HEADER:
        yield signed(without(HEADER, name), CLAIMS)
        for junk in JUNK:
            yield signed(HEADER | {name: junk}, CLAIMS)
    for kid in ("k1", "k3", "K2", "../k2", "k2\0", "active"):
        yield signed(HEADER | {"kid": kid}, CLAIMS)
    for typ in ("JWT", "jwt", "AT+JWT", "application/at+jwt"):
        yield signed(HEADER | {"typ": typ}, CLAIMS)
    for alg in ("none", "None", "HS256", "RS256", "ES256", "eddsa", "Ed25519"):
        yield signed(HEADER | {"alg": alg}, CLAIMS)
    public = {"kty": "OKP", "crv": "Ed25519", "x": encoded(KEY.public_key().public_bytes_raw())}
    foreign: dict[str, Any] = {
        "jku": "https://evil.example/jwks",
        "jwk": public,
        "x5u": "https://evil.example/cert",
        "x5c": ["AAAA"],
        "x5t": "AAAA",
        "crit": ["b64"],
        "b64": False,
        "cty": "JWT",
        "zip": "DEF",
    }
    for name, value in foreign.items():
        yield signed(HEADER | {name: value}, CLAIMS)
    yield signed(HEADER | {"b64": False, "crit": ["b64"]}, CLAIMS)
    for text in (b"", b"null", b"[]", b"7", b"{", b"\xff", b"[" * 190, b'{"alg":"EdDSA"}' * 2):
        yield signed(text, CLAIMS)


def wrong_signatures() -> Iterator[str]:
    unsigned, _, signature = GOOD.rpartition(".")
    head, _, body = unsigned.partition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    order = 2**252 + 27742317777372353535851937790883648493
    again = (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    for bad in (b"", b"\0" * 64, raw[:-1], raw + b"\0", raw[::-1], raw[32:] + raw[:32], raw[:32] + again):
        yield f"{unsigned}.{encoded(bad)}"
    stranger = Ed25519PrivateKey.generate()
    yield f"{unsigned}.{encoded(stranger.sign(unsigned.encode()))}"
    yield f"{unsigned}.{encoded(KEY.sign(body.encode()))}"
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    for spare in range(1, 16):  # the same 64 bytes, spelled with other spare bits
        yield GOOD[:-1] + alphabet[last ^ spare]
    elevated = encoded(json.dumps(CLAIMS | {"sub": str(UUID(int=1))}).encode())
    yield f"{head}.{elevated}.{signature}"
    for public in confusing_secrets():
        for algorithm, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
            forged = encoded(json.dumps(HEADER | {"alg": algorithm}).encode()) + "." + body
            yield f"{forged}.{encoded(hmac.digest(public, forged.encode(), digest))}"
    elliptic = generate_private_key(SECP256R1())
    yield jwt.encode(CLAIMS, elliptic, algorithm="ES256", headers={"kid": "k2", "typ": "at+jwt"})
    yield f"{encoded(json.dumps(HEADER | {'alg': 'none'}).encode())}.{body}."


def confusing_secrets() -> Iterator[bytes]:
    """What a verifier may take for a shared secret when the token says so: the public key."""
    key = KEY.public_key()
    yield key.public_bytes_raw()
    yield key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def wrong_shapes() -> Iterator[str]:
    head, body, signature = GOOD.split(".")
    yield from (f"{head}.{body}", f"{head}.{body}.", f".{body}.{signature}", f"{head}..{signature}")
    yield from (f"{GOOD}.{signature}", f"{head}.{GOOD}", f"{head}.{body}.{signature}.", f".{GOOD}")
    yield from (f"{part}{GOOD}" for part in (" ", "\n", "\ufeff", "Bearer ", "\0"))
    yield from (f"{GOOD}{part}" for part in (" ", "\n", "=", "==", "\0", "%00", "\ud800"))
    yield from (f"{head}=.{body}.{signature}", f"{head}.{body}=.{signature}", f"{head}.{body}\n.{signature}")
    yield from (GOOD.upper(), GOOD.lower(), GOOD[::-1], GOOD.replace(".", "..", 1), GOOD.replace("-", "+"))
    yield json.dumps({"protected": head, "payload": body, "signature": signature})
    yield signed(HEADER, CLAIMS | {"padding": "x" * 2000})
    yield signed(HEADER | {"kid": "k" * 3000}, CLAIMS)


FORGERIES = {
    f"{make.__name__} {number}": token
    for make in (wrong_claims, wrong_headers, wrong_signatures, wrong_shapes)
    for number, token in zip(count(), make(), strict=False)
    if token != GOOD
}


def test_the_token_that_all_forgeries_start_from_is_good() -> None:
    claims = issuer().read_access_token(GOOD, at=NOW)
    assert (claims.user_id, claims.session_id) == (ANNA, SESSION)
    assert claims.expires_at == NOW + timedelta(seconds=300)


def test_no_forged_token_is_taken() -> None:
    assert len(FORGERIES) > 300
    reader = issuer()
    reader.read_access_token(GOOD, at=NOW)  # what is remembered must not help a forger either
    taken = []
    for name, token in FORGERIES.items():
        try:
            reader.read_access_token(token, at=NOW)
        except SessionInvalid:
            continue
        taken.append(name)
    assert taken == []


@given(st.data())
@example(None)
def test_no_token_with_one_other_character_is_taken(data: st.DataObject | None) -> None:
    place = data.draw(st.integers(0, len(GOOD) - 1)) if data else len(GOOD) - 1
    character = data.draw(st.characters()) if data else "="
    forged = GOOD[:place] + character + GOOD[place + 1 :]
    if forged != GOOD:
        with pytest.raises(SessionInvalid):
            READER.read_access_token(forged, at=NOW)


@settings(max_examples=50)
@given(st.text() | st.from_regex(r"[a-zA-Z0-9_-]{1,30}\.[a-zA-Z0-9_-]{1,30}\.[A-Z]{86}", fullmatch=True))
def test_any_text_is_refused_the_same_way(text: str) -> None:
    with pytest.raises(SessionInvalid):
        READER.read_access_token(text, at=NOW)
    with pytest.raises(SessionInvalid):
        READER.read_refresh_token(text)


def test_our_own_tokens_have_exactly_the_agreed_header_and_claims() -> None:
    token, lifetime = issuer().access_token(ANNA, SESSION, at=NOW)
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    assert header == HEADER
    assert set(claims) == set(CLAIMS)
    assert claims == CLAIMS | {"exp": SECONDS + lifetime, "jti": claims["jti"]}


def test_a_token_with_a_claim_of_a_newer_release_is_still_read() -> None:
    token = signed(HEADER, CLAIMS | {"gen": 4})
    assert issuer().read_access_token(token, at=NOW).session_id == SESSION


def test_tokens_under_an_older_key_are_read_until_it_leaves_the_ring() -> None:
    before = JwtTokenIssuer(
        keyring=KeyRing(active="k1", keys={"k1": b"1" * 32}), issuer=ISSUER, audience=AUDIENCE
    )
    access, _ = before.access_token(ANNA, SESSION, at=NOW)
    refresh = before.refresh_token(SESSION, 5)
    during = issuer()
    assert during.read_access_token(access, at=NOW).user_id == ANNA
    assert during.read_refresh_token(refresh) == (SESSION, 5)
    assert during.refresh_token(SESSION, 5).startswith("prt_k2.")
    after = JwtTokenIssuer(
        keyring=KeyRing(active="k2", keys={"k2": b"2" * 32}), issuer=ISSUER, audience=AUDIENCE
    )
    with pytest.raises(SessionInvalid):
        after.read_access_token(access, at=NOW)
    with pytest.raises(SessionInvalid):
        after.read_refresh_token(refresh)


def test_a_remembered_token_is_not_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, token = issuer(), issuer().access_token(ANNA, SESSION, at=NOW)[0]
    verifications = []
    really = jwt.decode

    def counted(*arguments: Any, **options: Any) -> Any:
        verifications.append(arguments)
        return really(*arguments, **options)

    monkeypatch.setattr(jwt, "decode", counted)
    first = reader.read_access_token(token, at=NOW)
    assert all(reader.read_access_token(token, at=NOW) == first for _ in range(20))
    assert len(verifications) == 1


@pytest.mark.parametrize("remembered", [0, 1, 3])
def test_no_more_tokens_are_remembered_than_told(remembered: int) -> None:
    reader = issuer(remembered)
    tokens = [reader.access_token(ANNA, SESSION, at=NOW)[0] for _ in range(5)]
    for token in [*tokens, *tokens]:
        assert reader.read_access_token(token, at=NOW).user_id == ANNA
        assert len(reader._seen) <= remembered


def test_a_mail_tokens_two_parts_cannot_be_shifted() -> None:
    for purpose, subject in (("a\0b", "c"), ("a", "b\0c")):
        with pytest.raises(ValueError, match="NUL"):
            issuer().mail_token(purpose, subject)
