"""Seals and data keys of the audit log: under which key, and what happens without it."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from printapic.adapters.audit.hmac_seal import HmacAuditSeal
from printapic.adapters.audit.subject_cipher import AesGcmSubjectCipher
from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.live_keyring import MemoryKeyRing
from printapic.adapters.users.sealing import AesGcmSealer
from printapic.application.ports.audit import UnknownSealKey
from printapic.application.ports.secrets import SealBroken
from printapic.domain.ids import UserId
from tests import builders as b

PLAIN = b'{"address":"203.0.113.77"}'


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.generate(at=b.NOON)


@pytest.fixture
def cipher(ring: KeyRing) -> AesGcmSubjectCipher:
    return AesGcmSubjectCipher(AesGcmSealer(keyring=ring))


def test_a_seal_is_an_hmac_under_a_secret_of_its_own(ring: KeyRing) -> None:
    expected = hmac.new(ring.secret("audit log"), b"message", hashlib.sha256).hexdigest()
    assert HmacAuditSeal(ring).mac(b"message", ring.active) == expected


def test_a_rotation_changes_the_key_and_keeps_old_seals(ring: KeyRing) -> None:
    live = MemoryKeyRing(ring)
    seal = HmacAuditSeal(live)
    before = seal.key_id
    old = seal.mac(b"message", before)
    live.rotate(at=b.minutes(60 * 24 * 100))
    assert seal.key_id != before
    assert seal.mac(b"message", before) == old != seal.mac(b"message", seal.key_id)


def test_the_seal_of_a_key_that_is_not_there_is_refused(ring: KeyRing) -> None:
    with pytest.raises(UnknownSealKey):
        HmacAuditSeal(ring).mac(b"message", "other")


def test_what_is_sealed_for_a_subject_can_be_read_with_their_key(cipher: AesGcmSubjectCipher) -> None:
    key = cipher.new_key(b.CUSTOMER)
    sealed = {cipher.encrypt(PLAIN, user_id=b.CUSTOMER, wrapped_key=key) for _ in range(3)}
    assert len(sealed) == 3
    assert {cipher.decrypt(text, user_id=b.CUSTOMER, wrapped_key=key) for text in sealed} == {PLAIN}


def test_two_keys_are_never_the_same(cipher: AesGcmSubjectCipher) -> None:
    one, other = cipher.new_key(b.CUSTOMER), cipher.new_key(b.CUSTOMER)
    text = cipher.encrypt(PLAIN, user_id=b.CUSTOMER, wrapped_key=one)
    with pytest.raises(SealBroken):
        cipher.decrypt(text, user_id=b.CUSTOMER, wrapped_key=other)


def test_a_key_serves_nobody_else(cipher: AesGcmSubjectCipher) -> None:
    stranger = UserId(b.new_id())
    key = cipher.new_key(b.CUSTOMER)
    text = cipher.encrypt(PLAIN, user_id=b.CUSTOMER, wrapped_key=key)
    with pytest.raises(SealBroken):
        cipher.decrypt(text, user_id=stranger, wrapped_key=key)
    with pytest.raises(SealBroken):
        cipher.encrypt(PLAIN, user_id=stranger, wrapped_key=key)


def test_a_key_is_of_no_use_without_its_ring(cipher: AesGcmSubjectCipher) -> None:
    key = cipher.new_key(b.CUSTOMER)
    elsewhere = AesGcmSubjectCipher(AesGcmSealer(keyring=KeyRing.generate()))
    with pytest.raises(SealBroken):
        elsewhere.encrypt(PLAIN, user_id=b.CUSTOMER, wrapped_key=key)


def test_a_text_that_was_changed_is_refused(cipher: AesGcmSubjectCipher) -> None:
    key = cipher.new_key(b.CUSTOMER)
    raw = bytearray(base64.b64decode(cipher.encrypt(PLAIN, user_id=b.CUSTOMER, wrapped_key=key)))
    for place in range(len(raw)):
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        with pytest.raises(SealBroken):
            cipher.decrypt(base64.b64encode(changed).decode(), user_id=b.CUSTOMER, wrapped_key=key)
    for text in ("", "!", "QUFB", "ü"):
        with pytest.raises(SealBroken):
            cipher.decrypt(text, user_id=b.CUSTOMER, wrapped_key=key)
