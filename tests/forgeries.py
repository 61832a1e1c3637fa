"""Tokens that somebody made up: each differs from a good one in one thing, and none may be taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any
from uuid import UUID

import attrs
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1.5, -0.0, 10**30, 10**400, float("nan"), float("inf")),
    *("", "x", "\0", "🔑", "٣", "1", "1.0", [], ["x"], [[1]], [[[[]]]], {}, {"x": 1}, {"x": {"x": []}}),
]
FOREIGN: dict[str, Any] = {
    "jku": "https://evil.example/jwks",
    "x5u": "https://evil.example/cert",
    "x5c": ["AAAA"],
    "x5t": "AAAA",
    "x5t#S256": "AAAA",
    "crit": ["b64"],
    "b64": False,
    "cty": "JWT",
    "zip": "DEF",
    "enc": "A256GCM",
    "url": "https://evil.example",
    "nonce": "x",
    "iss": "https://shop.example",
    "": "",
}
_ORDER = 2**252 + 27742317777372353535851937790883648493


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _json(part: bytes | Mapping[str, Any]) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


def twice(mapping: Mapping[str, Any], name: str, value: object) -> bytes:
    """JSON in which this name stands twice, the right value last."""
    return f'{{"{name}": {json.dumps(value)}, {json.dumps(mapping)[1:]}'.encode()


def respelled(part: str) -> Iterator[str]:
    """The same bytes in other base64url: with other spare bits at the end, where there are any."""
    spare = {0: 1, 2: 16, 3: 4}[len(part) % 4]
    last = ALPHABET.index(part[-1])
    yield from (part[:-1] + ALPHABET[last ^ bits] for bits in range(1, spare))


@attrs.frozen(kw_only=True)
class Forger:
    """Somebody who holds the shop's own signing key, and one good token's header and claims."""

    key: Ed25519PrivateKey
    header: dict[str, Any]
    claims: dict[str, Any]
    other_kids: Sequence[str] = ()

    def signed(self, header: bytes | Mapping[str, Any], claims: bytes | Mapping[str, Any]) -> str:
        """A token under the shop's own key, whatever it says."""
        return self.sealed(encoded(_json(header)), encoded(_json(claims)))

    def sealed(self, head: str, body: str) -> str:
        return f"{head}.{body}.{encoded(self.key.sign(f'{head}.{body}'.encode()))}"

    @property
    def good(self) -> str:
        return self.signed(self.header, self.claims)

    def forgeries(self) -> dict[str, str]:
        """Every forgery by a name that says where it is made."""
        makers: list[Callable[[], Iterator[str]]] = [
            *(self.wrong_claims, self.wrong_times, self.wrong_headers, self.foreign_headers),
            *(self.wrong_signatures, self.wrong_algorithms, self.wrong_spellings, self.wrong_shapes),
        ]
        good = self.good
        return {
            f"{make.__name__} {number}": token
            for make in makers
            for number, token in zip(count(), make(), strict=False)
            if token != good
        }

    def wrong_claims(self) -> Iterator[str]:
        """Signed by ourselves: what a bug or a stolen signer of another kind of token would make."""
        for name, right in self.claims.items():
            yield self.signed(self.header, without(self.claims, name))
            yield self.signed(self.header, without(self.claims, name) | {name.upper(): right})
            yield self.signed(self.header, twice(self.claims, name, right))
            yield self.signed(self.header, twice(self.claims, name, "x"))
            for junk in JUNK:
                if not (name == "jti" and isinstance(junk, str)):
                    yield self.signed(self.header, self.claims | {name: junk})
            yield self.signed(self.header, self.claims | {name: [right]})
            yield self.signed(self.header, self.claims | {name: {name: right}})
        for name in ("gen", "iat", "nbf", "exp"):
            yield self.signed(self.header, self.claims | {name: str(self.claims[name])})
            yield self.signed(self.header, self.claims | {name: float(self.claims[name])})
            yield self.signed(self.header, self.claims | {name: -self.claims[name]})
        for generation in (0, -1, 10**9, 2**63, 2**64, 1.0, "1", "१", True):
            yield self.signed(self.header, self.claims | {"gen": generation})
        aud, iss = self.claims["aud"], self.claims["iss"]
        for audience in ([aud], [aud, "other"], "other", aud.upper(), aud + " ", f"{aud},other"):
            yield self.signed(self.header, self.claims | {"aud": audience})
        for maker in (iss + "/", iss.upper(), iss.replace("://", "://x."), [iss], iss + "\0"):
            yield self.signed(self.header, self.claims | {"iss": maker})
        texts = (b"", b"null", b"[]", b'"x"', b"{", b"\xff\xfe", b"[" * 1100, b'{"sub":' * 150, b"9" * 1100)
        good = _json(self.claims)
        more = (b"[" + good + b"]", good + good, good + b"x", b"\xef\xbb\xbf" + good, good[:-1])
        for text in (*texts, *more, good.decode().encode("utf-16"), good.decode().encode("utf-32-le")[:1500]):
            yield self.signed(self.header, text)

    def wrong_times(self) -> Iterator[str]:
        now = self.claims["iat"]
        for lifetime in (-1, 0, 331, 3600, 10**9, 10**18):
            yield self.signed(self.header, self.claims | {"exp": now + lifetime})
        for start in (now + 120, now + 299, now + 300):
            yield self.signed(self.header, self.claims | {"iat": start, "nbf": start})
        yield self.signed(self.header, self.claims | {"nbf": now - 1})
        for at in (now - 400, 0, -(10**12), 10**11, 10**12, 10**17, 2**63, 10**25):
            yield self.signed(self.header, self.claims | {"iat": at, "nbf": at, "exp": at + 300})

    def wrong_headers(self) -> Iterator[str]:
        for name, right in self.header.items():
            yield self.signed(without(self.header, name), self.claims)
            yield self.signed(twice(self.header, name, right), self.claims)
            yield self.signed(twice(self.header, name, "none"), self.claims)
            yield self.signed(self.header | {name: [right]}, self.claims)
            for junk in JUNK:
                yield self.signed(self.header | {name: junk}, self.claims)
        kid = self.header["kid"]
        paths = ("../" + kid, "../../etc/passwd", "/dev/null", "keys.json", "file:///dev/null", f"./{kid}")
        words = ("active", "keys", "0", "*", "' OR 1=1 --", "${kid}", "%00", kid + "\0", kid + " ", kid * 9)
        for other in (*self.other_kids, *paths, *words, kid.swapcase() + "x"):
            yield self.signed(self.header | {"kid": other}, self.claims)
        for typ in ("JWT", "jwt", "AT+JWT", "application/at+jwt", "at+jwt "):
            yield self.signed(self.header | {"typ": typ}, self.claims)
        good = _json(self.header)
        for text in (b"", b"null", b"[]", b"7", b"{", b"\xff", b"[" * 190, good * 2, b"[" + good + b"]"):
            yield self.signed(text, self.claims)
        yield self.signed(good.decode().encode("utf-16"), self.claims)

    def foreign_headers(self) -> Iterator[str]:
        public = {"kty": "OKP", "crv": "Ed25519", "x": encoded(self.key.public_key().public_bytes_raw())}
        for name, value in (FOREIGN | {"jwk": public, "jwks": {"keys": [public]}}).items():
            yield self.signed(self.header | {name: value}, self.claims)
            yield self.signed(self.header | {name: None}, self.claims)
        yield self.signed(self.header | {"b64": False, "crit": ["b64"]}, self.claims)
        yield self.signed(self.header | {"crit": []}, self.claims)
        stranger = Ed25519PrivateKey.generate()
        theirs = public | {"x": encoded(stranger.public_key().public_bytes_raw())}
        yield attrs.evolve(self, key=stranger).signed(self.header | {"jwk": theirs}, self.claims)

    def wrong_signatures(self) -> Iterator[str]:
        unsigned, _, signature = self.good.rpartition(".")
        head, _, body = unsigned.partition(".")
        raw = decoded(signature)
        again = (int.from_bytes(raw[32:], "little") + _ORDER).to_bytes(32, "little")
        for bad in (b"", b"\0" * 64, b"\xff" * 64, raw[:-1], raw + b"\0", raw[::-1], raw[32:] + raw[:32]):
            yield f"{unsigned}.{encoded(bad)}"
        yield f"{unsigned}.{encoded(raw[:32] + again)}"
        for point in (b"\1" + bytes(31), bytes(32), b"\xec" + b"\xff" * 30 + b"\x7f"):  # of small order
            yield f"{unsigned}.{encoded(point + bytes(32))}"
        yield f"{unsigned}.{encoded(Ed25519PrivateKey.generate().sign(unsigned.encode()))}"
        yield f"{unsigned}.{encoded(self.key.sign(body.encode()))}"
        yield f"{unsigned}.{encoded(self.key.sign(hashlib.sha512(unsigned.encode()).digest()))}"
        for name, value in (("sub", str(UUID(int=1))), ("gen", 99), ("exp", self.claims["exp"] + 1)):
            yield f"{head}.{encoded(_json(self.claims | {name: value}))}.{signature}"

    def wrong_algorithms(self) -> Iterator[str]:
        body = encoded(_json(self.claims))
        for alg in ("none", "None", "NONE", "nOnE", "HS256", "RS256", "ES256", "eddsa", "Ed25519", "Ed448"):
            head = encoded(_json(self.header | {"alg": alg}))
            yield from (f"{head}.{body}.", self.sealed(head, body))
        for public in self.confusing_secrets():
            for alg, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
                for said in (alg, "EdDSA"):
                    forged = f"{encoded(_json(self.header | {'alg': said}))}.{body}"
                    yield f"{forged}.{encoded(hmac.digest(public, forged.encode(), digest))}"
        headers = without(self.header, "alg")
        elliptic = generate_private_key(SECP256R1())
        yield jwt.encode(self.claims, elliptic, algorithm="ES256", headers=headers)

    def confusing_secrets(self) -> Iterator[bytes]:
        """What a verifier may take for a shared secret when the token says so: the public key."""
        key, spki = self.key.public_key(), serialization.PublicFormat.SubjectPublicKeyInfo
        yield from (key.public_bytes_raw(), encoded(key.public_bytes_raw()).encode(), b"")
        yield from (key.public_bytes(form, spki) for form in (serialization.Encoding.DER, _PEM))

    def wrong_spellings(self) -> Iterator[str]:
        """Each part in another spelling of the same bytes, the first two with a signature that fits."""
        head, body, signature = self.good.split(".")
        yield from (f"{head}.{body}.{other}" for other in respelled(signature))
        for padding in ("", " ", "  "):  # so that each of the lengths comes up
            text, other_text = _json(self.header) + padding.encode(), _json(self.claims) + padding.encode()
            yield from (self.sealed(other, body) for other in respelled(encoded(text)))
            yield from (self.sealed(head, other) for other in respelled(encoded(other_text)))
        for part in (head, body):
            standard = part.replace("-", "+").replace("_", "/")
            for other in (part + "=", part + "==", part[:4] + "\n" + part[4:], part[:4] + "=" + part[4:]):
                yield self.sealed(other if part == head else head, other if part == body else body)
            if standard != part:
                yield self.sealed(*((standard, body) if part == head else (head, standard)))

    def wrong_shapes(self) -> Iterator[str]:
        good = self.good
        head, body, signature = good.split(".")
        yield from (f"{head}.{body}", f"{head}.{body}.", f".{body}.{signature}", f"{head}..{signature}")
        yield from (
            f"{good}.{signature}",
            f"{head}.{good}",
            f"{good}.",
            f".{good}",
            f"{body}.{head}.{signature}",
        )
        yield from (f"{part}{good}" for part in (" ", "\n", "\ufeff", "Bearer ", "\0"))
        yield from (f"{good}{part}" for part in (" ", "\n", "=", "==", "\0", "%00", "\ud800"))
        yield from (
            good.upper(),
            good.lower(),
            good[::-1],
            good.replace(".", "..", 1),
            good.replace(".", "。"),
        )
        yield from (
            good.replace(*pair, 1) for pair in ((".", "。"), ("A", "\u0410"), ("1", "\uff11"), ("3", "٣"))
        )
        yield json.dumps({"protected": head, "payload": body, "signature": signature})
        yield self.signed(self.header, self.claims | {"padding": "x" * 2000})
        yield self.signed(self.header | {"kid": "k" * 3000}, self.claims)


_PEM = serialization.Encoding.PEM


def fuzzed(genuine: Sequence[str], amount: int, *, seed: int) -> Iterator[str]:
    """So many tokens, none of them genuine, made out of genuine ones by one to three small damages."""
    chance, real = random.Random(seed), frozenset(genuine)
    made = 0
    while made < amount:
        token = chance.choice(genuine)
        for _ in range(chance.choice((1, 1, 2, 3))):
            token = chance.choice(_DAMAGES)(chance, token, chance.choice(genuine))
        if token not in real:
            made += 1
            yield token


def _other_character(chance: random.Random, token: str, _: str) -> str:
    place = chance.randrange(len(token) + 1)
    return token[:place] + chance.choice(ALPHABET + "=.+/ ") + token[place + chance.randrange(2) :]


def _other_bit(chance: random.Random, token: str, _: str) -> str:
    parts = token.split(".")
    which = chance.randrange(len(parts))
    try:
        raw = bytearray(decoded(parts[which]))
    except ValueError:
        return token[1:]
    if raw:
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    parts[which] = encoded(bytes(raw))
    return ".".join(parts)


def _part_of_another(chance: random.Random, token: str, other: str) -> str:
    parts = token.split(".")
    parts[chance.randrange(len(parts))] = chance.choice(other.split("."))
    return ".".join(parts)


def _piece_moved(chance: random.Random, token: str, _: str) -> str:
    start, end, to = sorted(chance.randrange(len(token) + 1) for _ in range(3))
    return chance.choice((token[:start] + token[end:], token[:end] + token[start:], token[end:to] + token))


def _random_part(chance: random.Random, token: str, _: str) -> str:
    parts = token.split(".")
    parts[chance.randrange(len(parts))] = encoded(chance.randbytes(chance.randrange(100)))
    return ".".join(parts)


_DAMAGES: tuple[Callable[[random.Random, str, str], str], ...] = (
    _other_character,
    _other_bit,
    _part_of_another,
    _piece_moved,
    _random_part,
)
