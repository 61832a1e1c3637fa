"""How one ring becomes the next: rotation, and revocation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from printapic.adapters.users.keyring import KeyLife, KeyRing, new_key
from printapic.application.ports.keys import KeyNotFound, KeyState, NextKeyTooNew


def rotated(ring: KeyRing, *, at: datetime, published_for: timedelta) -> KeyRing:
    """See `KeyRings.rotate`. Raises `NextKeyTooNew`."""
    waiting = _next(ring)
    created_at = ring.life(waiting).created_at if waiting else None
    if published_for and created_at is not None and at < created_at + published_for:
        raise NextKeyTooNew(created_at + published_for - at)
    return _succeeded(ring, KeyState.RETIRING, at)


def revoked(ring: KeyRing, kid: str, *, at: datetime) -> KeyRing:
    """See `KeyRings.revoke`. Raises `KeyNotFound`."""
    if kid not in ring.kids:
        raise KeyNotFound(kid)
    life = ring.life(kid)
    if life.state is KeyState.REVOKED:
        return ring
    if life.state is KeyState.ACTIVE:
        return _succeeded(ring, KeyState.REVOKED, at)
    without = _with_lives(ring, {kid: life.ended(KeyState.REVOKED, at)})
    return _with_next(without, at) if life.state is KeyState.NEXT else without


def _succeeded(ring: KeyRing, state: KeyState, at: datetime) -> KeyRing:
    """The active key ends in this state; the next one, or a new one where there is none, signs."""
    ring = ring if _next(ring) else _with_next(ring, at)
    lives = {
        kid: life.ended(KeyState.RETIRING, at)  # one of which nothing was written down ends now
        for kid, _, life in ring.entries()
        if life.state is KeyState.RETIRING
    }
    lives[ring.active] = ring.life(ring.active).ended(state, at)
    successor = str(_next(ring))
    lives[successor] = ring.life(successor).activated(at)
    return _with_next(_with_lives(ring, lives, active=successor), at)


def _next(ring: KeyRing) -> str | None:
    return next((kid for kid, _, life in ring.entries() if life.state is KeyState.NEXT), None)


def _with_next(ring: KeyRing, at: datetime) -> KeyRing:
    kid, key = new_key()
    keys = {name: known for name, known, _ in ring.entries()} | {kid: key}
    lives = {name: life for name, _, life in ring.entries()}
    return attrs.evolve(ring, keys=keys, lives=lives | {kid: KeyLife(state=KeyState.NEXT, created_at=at)})


def _with_lives(ring: KeyRing, changed: Mapping[str, KeyLife], *, active: str | None = None) -> KeyRing:
    lives = {kid: life for kid, _, life in ring.entries()}
    return attrs.evolve(ring, active=active or ring.active, lives={**lives, **changed})
