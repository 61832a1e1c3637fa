"""What turns an event into an entry: the personal parts sealed for their subject, the whole for the chain."""

from __future__ import annotations

import json
from collections.abc import Callable

import attrs

from printapic.application.ports.audit import AuditSeal, SubjectCipher
from printapic.application.ports.secrets import SealBroken
from printapic.domain.actors import Caller
from printapic.domain.audit.chain import ChainHead, sealed
from printapic.domain.audit.entry import AuditEntry, AuditRecord, coarse
from printapic.domain.audit.event import AuditEvent
from printapic.domain.ids import UserId


@attrs.frozen(kw_only=True)
class Draft:
    """An event whose personal parts are sealed already, waiting for its place in the chain."""

    event: AuditEvent
    network: str | None
    sealed: str | None


@attrs.frozen(kw_only=True)
class Notary:
    """Drafts, seals and opens entries. Knows no database, so that every store does it in the same way."""

    seal: AuditSeal
    cipher: SubjectCipher

    def draft(self, event: AuditEvent, key_of: Callable[[UserId], str | None]) -> Draft:
        """Seal the personal parts. `key_of` gives a wrapped data key, or None for a forgotten subject."""
        owner, personal = event.owner_id, _personal(event.caller)
        if owner is None:
            return Draft(event=event, network=coarse(event.caller.address), sealed=None)
        wrapped_key = key_of(owner) if personal else None
        if personal is None or wrapped_key is None:
            return Draft(event=event, network=None, sealed=None)
        try:
            text = self.cipher.encrypt(personal, user_id=owner, wrapped_key=wrapped_key)
        except SealBroken:
            # Nobody shall be kept from logging in by a data key that was damaged.
            text = ""
        return Draft(event=event, network=None, sealed=text)

    def entry(self, draft: Draft, head: ChainHead) -> AuditEntry:
        """The draft as the next entry after `head`."""
        event = draft.event
        entry = AuditEntry(
            stream=head.stream,
            sequence=head.sequence + 1,
            at=event.at,
            action=event.action.value,
            actor_id=event.actor_id,
            subject_id=event.subject_id,
            session_id=event.session_id,
            api_key_id=event.api_key_id,
            request_id=event.caller.request_id,
            network=draft.network,
            sealed=draft.sealed,
            details=dict(event.details),
            key_id=self.seal.key_id,
            mac="",
        )
        return sealed(entry, head.mac, self.seal.mac)

    def record(self, entry: AuditEntry, wrapped_key: str | None) -> AuditRecord:
        """The entry with its caller, as far as that can still be read."""
        owner = entry.owner_id
        if entry.sealed is None or owner is None:
            caller = Caller(address=entry.network, request_id=entry.request_id)
            return AuditRecord(entry=entry, caller=caller, erased=False)
        try:
            if wrapped_key is None:
                raise SealBroken("the data key was destroyed")
            plain = self.cipher.decrypt(entry.sealed, user_id=UserId(owner), wrapped_key=wrapped_key)
        except SealBroken:
            return AuditRecord(entry=entry, caller=Caller(request_id=entry.request_id), erased=True)
        parts = json.loads(plain)
        caller = Caller(address=parts.get("address"), device=parts.get("device"), request_id=entry.request_id)
        return AuditRecord(entry=entry, caller=caller, erased=False)


def _personal(caller: Caller) -> bytes | None:
    if caller.address is None and caller.device is None:
        return None
    return json.dumps({"address": caller.address, "device": caller.device}).encode()
