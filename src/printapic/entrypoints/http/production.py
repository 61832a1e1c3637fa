"""Production: what waits for the printer, and the batches in which it goes there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from printapic.application.orders.batches import MAX_BATCH_LINES, BatchNotFound
from printapic.application.ports.orders import Batch, QueueEntry
from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.ids import BatchId, OrderId
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.downloads import attachment, blocks
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.idempotency import keyed
from printapic.entrypoints.http.loads import Load, taking
from printapic.entrypoints.http.pages import Page
from printapic.entrypoints.http.policies import allow

_BATCH_S = 60.0
"""Hundreds of print files go into one."""


class QueueEntryBody(ResponseBody, kw_only=True):
    order_id: UUID
    order_number: str
    line_id: UUID
    sku: str
    quantity: int
    since: datetime


class CreateBatchRequest(RequestBody, kw_only=True):
    """Without `order_ids`, everything in the queue."""

    order_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=500)] | None = None

    example: ClassVar[Mapping[str, object]] = {"order_ids": ["019a1c5e-7c1b-7d0e-8f3a-2b6c9d1e4f50"]}


class BatchBody(ResponseBody, kw_only=True):
    """`download` is the address of its ZIP."""

    id: UUID
    created_at: datetime
    line_count: int
    download: str


def _entry(entry: QueueEntry) -> QueueEntryBody:
    return QueueEntryBody(
        order_id=entry.order_id,
        order_number=entry.order_number,
        line_id=entry.line_id,
        sku=entry.sku,
        quantity=entry.quantity,
        since=entry.since,
    )


def _batch(batch: Batch) -> BatchBody:
    return BatchBody(
        id=batch.id,
        created_at=batch.created_at,
        line_count=len(batch.lines),
        download=f"/v1/production/batches/{batch.id}.zip",
    )


class ProductionController(Controller):
    path = "/v1/production"
    tags = ("production",)

    @get(
        "/queue",
        operation_id="read_production_queue",
        summary="List the lines in production, oldest first",
        opt=allow(Permission.PRODUCTION_READ, problems=(422,)),
        sync_to_thread=True,
    )
    def queue(
        self,
        shop: Given[Shop],
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_BATCH_LINES)] = 100,
    ) -> Page[QueueEntryBody]:
        return Page(items=[_entry(entry) for entry in shop.read_production_queue(limit=limit)])

    @post(
        "/batches",
        operation_id="create_batch",
        summary="Put queued lines into one batch for the printer",
        opt=allow(Permission.PRODUCTION_ADVANCE, problems=(404, 422)) | keyed(),
        sync_to_thread=True,
    )
    def create(
        self,
        shop: Given[Shop],
        principal: Given[Principal],
        data: JSONBody[CreateBatchRequest | None] = None,
    ) -> BatchBody:
        wanted = data.order_ids if data else None
        return _batch(
            shop.create_batch(
                operator_id=principal.user_id,
                order_ids=None if wanted is None else [OrderId(order_id) for order_id in wanted],
            )
        )

    @get(
        "/batches/{file_name:str}",
        operation_id="download_batch",
        summary="Download `<batch id>.zip`: the print files, and a manifest as JSON and CSV",
        opt=allow(Permission.PRINT_FILE_READ, problems=(404, 503)) | taking(Load.HEAVY, within_s=_BATCH_S),
        media_type="application/zip",
        sync_to_thread=True,
    )
    def download(self, file_name: FromPath[str], shop: Given[Shop]) -> Stream:
        batch_id = _batch_id(file_name)
        with ExitStack() as building:
            file = building.enter_context(tempfile.TemporaryFile())
            shop.write_batch(batch_id=batch_id, file=file)
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            opened = building.pop_all()
        return Stream(
            blocks(file, opened),
            media_type="application/zip",
            headers={"Content-Length": str(size), "Content-Disposition": attachment(f"{batch_id}.zip")},
        )


def _batch_id(file_name: str) -> BatchId:
    try:
        if not file_name.endswith(".zip"):
            raise BatchNotFound
        return BatchId(UUID(file_name.removesuffix(".zip")))
    except ValueError:
        raise BatchNotFound from None
