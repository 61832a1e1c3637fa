"""The secrets behind every token: a ring of keys, one of which signs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

import attrs
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from printapic.application.ports.keys import KeyRecord, KeyState, Secrets
from printapic.domain.errors import Invalid
from printapic.domain.events import aware_utc

KEY_BYTES = 32
LONGEST_LIFE = timedelta(days=30)
"""Of what is made under a key and presented by clients: refresh tokens live as long as a session may."""
SPREAD = timedelta(minutes=5)
"""How long a changed ring may take to every host, and how wrong clocks may be: some still sign as before."""
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


class KeyRingUnusable(Invalid):
    """The shop must not start with these keys. Says what is wrong, never what the keys are."""

    code = "keyring-unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The key ring cannot be used: {reason}.")


@attrs.frozen(kw_only=True)
class KeyLife:
    """Where a key is in its life. Times are None where nobody wrote them down."""

    state: KeyState
    created_at: datetime | None = attrs.field(default=None, validator=aware_utc)
    signs_since: datetime | None = attrs.field(default=None, validator=aware_utc)
    signs_until: datetime | None = attrs.field(default=None, validator=aware_utc)

    def activated(self, at: datetime) -> KeyLife:
        return attrs.evolve(self, state=KeyState.ACTIVE, signs_since=at)

    def ended(self, state: KeyState, at: datetime) -> KeyLife:
        """No longer active, if it ever was; what is known of its end stays."""
        return attrs.evolve(self, state=state, signs_until=self.signs_until or at)


@attrs.frozen(kw_only=True)
class KeyRing(Secrets):
    """Named keys of 32 bytes, the oldest first, from which a secret for each purpose is derived.

    A key without a `life` is active or, with its end unknown, retiring. `development` marks keys that made
    themselves. Raises `KeyRingUnusable` for a wrong name or length, and for any number of active keys but
    one, or of next keys above one.
    """

    active: str
    _keys: Mapping[str, bytes] = attrs.field(repr=False)
    _lives: Mapping[str, KeyLife] = attrs.field(factory=dict, repr=False)
    development: bool = False
    _derived: dict[tuple[str, str], bytes] = attrs.field(factory=dict, init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if any(not _KID.fullmatch(kid) for kid in self._keys):
            raise KeyRingUnusable("a key's name has 1 to 32 letters, digits, - or _")
        if any(len(key) != KEY_BYTES for key in self._keys.values()):
            raise KeyRingUnusable(f"a key has exactly {KEY_BYTES} bytes")
        if self.active not in self._keys:
            raise KeyRingUnusable("the active key is missing")
        states = [self.life(kid).state for kid in self._keys]
        if states.count(KeyState.ACTIVE) != 1 or self.life(self.active).state is not KeyState.ACTIVE:
            raise KeyRingUnusable("exactly one key is active")
        if states.count(KeyState.NEXT) > 1:
            raise KeyRingUnusable("at most one key is next")

    @classmethod
    def generate(cls, *, at: datetime | None = None, development: bool = False) -> Self:
        """A ring of two new random keys: one that signs, and the next one."""
        (kid, key), (next_kid, next_key) = new_key(), new_key()
        return cls(
            active=kid,
            keys={kid: key, next_kid: next_key},
            lives={
                kid: KeyLife(state=KeyState.ACTIVE, created_at=at, signs_since=at),
                next_kid: KeyLife(state=KeyState.NEXT, created_at=at),
            },
            development=development,
        )

    def entries(self) -> tuple[tuple[str, bytes, KeyLife], ...]:
        """Name, key and life of each, for writing it down."""
        return tuple((kid, key, self.life(kid)) for kid, key in self._keys.items())

    def current(self, wanted: str | None = None) -> Self:
        """Itself: a ring that stands still. See `LiveKeyRing`."""
        return self

    @property
    def kids(self) -> tuple[str, ...]:
        """The names of all keys, which are no secret."""
        return tuple(self._keys)

    def secret(self, purpose: str, kid: str | None = None) -> bytes:
        """Derived with HKDF-SHA256 (RFC 5869), so that what leaks for one purpose serves no other."""
        kid = self.active if kid is None else kid
        found = self._derived.get((purpose, kid))
        if found is None:
            info = f"printapic {purpose}".encode()
            found = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._keys[kid])
            self._derived[purpose, kid] = found
        return found

    def secrets(self, purpose: str, *, life: timedelta, at: datetime) -> tuple[bytes, ...]:
        """Of one purpose, under each key that serves, the active one first: it makes, all verify."""
        others = (kid for kid in self._keys if kid != self.active and self.serves(kid, life=life, at=at))
        return tuple(self.secret(purpose, kid) for kid in (self.active, *others))

    def serves(self, kid: str, *, life: timedelta, at: datetime) -> bool:
        if kid not in self._keys:
            return False
        found = self.life(kid)
        if found.state is not KeyState.RETIRING:
            return found.state in (KeyState.ACTIVE, KeyState.NEXT)
        return found.signs_until is None or at < found.signs_until + life + SPREAD

    def oldest(self, *, life: timedelta, at: datetime) -> str:
        """Of the keys that serve for such a life, the one that has signed first.

        It changes when that key retires or is revoked, and by no rotation.
        """
        signed = (kid for kid in self._keys if self.life(kid).state is not KeyState.NEXT)
        return next((kid for kid in signed if self.serves(kid, life=life, at=at)), self.active)

    def record(self, kid: str, *, at: datetime) -> KeyRecord:
        """What may be known of one key. Raises `KeyError`."""
        life, retires = self.life(kid), None
        if life.signs_until is not None and life.state is KeyState.RETIRING:
            retires = life.signs_until + LONGEST_LIFE + SPREAD
        retired = retires is not None and at >= retires
        return KeyRecord(
            kid=kid,
            state=KeyState.RETIRED if retired else life.state,
            created_at=life.created_at,
            signs_since=life.signs_since,
            retire_at=retires,
        )

    def records(self, *, at: datetime) -> tuple[KeyRecord, ...]:
        return tuple(self.record(kid, at=at) for kid in self._keys)

    def life(self, kid: str) -> KeyLife:
        """Where a key is in its life."""
        default = KeyState.ACTIVE if kid == self.active else KeyState.RETIRING
        return self._lives.get(kid) or KeyLife(state=default)


def new_key() -> tuple[str, bytes]:
    """A random name and a random key."""
    return secrets.token_hex(4), secrets.token_bytes(KEY_BYTES)
