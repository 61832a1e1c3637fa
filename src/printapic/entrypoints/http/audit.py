"""The audit log, for those who watch over the shop."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, get
from litestar.params import QueryParameter

from printapic.application.ports.audit import AuditPosition, AuditQuery
from printapic.application.shop import Shop
from printapic.domain.audit.entry import AuditRecord
from printapic.domain.audit.event import AuditAction, AuditStream
from printapic.domain.ids import UserId
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.bodies import ResponseBody
from printapic.entrypoints.http.cursors import CursorInvalid
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, page, text_of
from printapic.entrypoints.http.policies import allow

Stream = Annotated[AuditStream | None, QueryParameter(description="Entries of one stream.")]
Action = Annotated[AuditAction | None, QueryParameter(description="Entries of one kind.")]
Actor = Annotated[UUID | None, QueryParameter(description="What this user did.")]
Subject = Annotated[UUID | None, QueryParameter(description="What concerns this user.")]


class AuditEntryBody(ResponseBody, kw_only=True):
    """`sequence` counts within the stream. `address` is a network alone where the caller is nobody's user.

    `erased` says that `address` and `device` were destroyed with the account whom the entry concerns.
    """

    stream: str
    sequence: int
    at: datetime
    action: str
    actor_id: UUID | None
    subject_id: UUID | None
    session_id: UUID | None
    api_key_id: UUID | None
    request_id: str | None
    address: str | None
    device: str | None
    erased: bool
    details: dict[str, str]


def _entry(record: AuditRecord) -> AuditEntryBody:
    entry = record.entry
    return AuditEntryBody(
        stream=entry.stream,
        sequence=entry.sequence,
        at=entry.at,
        action=entry.action,
        actor_id=entry.actor_id,
        subject_id=entry.subject_id,
        session_id=entry.session_id,
        api_key_id=entry.api_key_id,
        request_id=entry.request_id,
        address=record.caller.address,
        device=record.caller.device,
        erased=record.erased,
        details=dict(entry.details),
    )


def _written(record: AuditRecord) -> str:
    return f"{record.entry.at.isoformat()} {record.entry.stream} {record.entry.sequence}"


def _position(text: str | None) -> AuditPosition | None:
    if text is None:
        return None
    try:
        at, stream, sequence = text.split(" ")
        return AuditPosition(at=datetime.fromisoformat(at), stream=stream, sequence=int(sequence))
    except ValueError:  # a release before this one had other keys here
        raise CursorInvalid from None


class AuditController(Controller):
    path = "/v1/audit-log"
    tags = ("accounts",)

    @get(
        operation_id="read_audit_log",
        summary="Read the audit log, newest first",
        opt=allow(Permission.AUDIT_READ, problems=(422, 503)),
        sync_to_thread=True,
    )
    def all(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        *,
        stream: Stream = None,
        action: Action = None,
        subject_id: Subject = None,
        actor_id: Actor = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[AuditEntryBody]:
        before = _position(text_of(cursor, request))
        query = AuditQuery(
            stream=stream,
            action=action,
            subject_id=UserId(subject_id) if subject_id else None,
            actor_id=UserId(actor_id) if actor_id else None,
        )
        found = shop.read_audit_log(query=query, before=before, limit=limit + 1)
        return page(found, limit, request, show=_entry, key=_written)
