"""The peer: `python -m benchmarks.bare PORT ORDER`, the least that Litestar needs for the same answers.

The same statements through SQLAlchemy Core, made once, on as many connections and threads, and nothing else:
nobody is asked who they are, what they may do, or whether what they send makes sense.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any
from uuid import UUID

import uuid_utils
import uvicorn
from litestar import Litestar, Request, get, post
from litestar.concurrency import set_asyncio_executor
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, JSONBody
from sqlalchemy import Engine, Select, Text, bindparam, cast, insert, make_url, select
from sqlalchemy.dialects import postgresql, sqlite

from printapic.adapters.persistence.sql.engine import reading_engine, sql_engine
from printapic.adapters.persistence.sql.jobs import SqlJobQueue
from printapic.adapters.persistence.sql.parts import parts, rows_of
from printapic.adapters.persistence.sql.tables import (
    images,
    jobs,
    order_history,
    order_lines,
    orders,
    price_lists,
    shipments,
)
from printapic.application.ports.jobs import Job
from printapic.domain.images.image import ImageState

THREADS = 24
BLOCK = 64 * 1024
WHOLE = select(
    orders,
    parts(order_lines, order_lines.c.order_id, orders.c.id),
    parts(order_history, order_history.c.order_id, orders.c.id),
    parts(shipments, shipments.c.order_id, orders.c.id),
)
_LINE_COLUMNS = order_lines.columns.keys()
_MINE = orders.c.user_id == bindparam("owner_id")
OWNED = WHOLE.where(orders.c.id == bindparam("order_id"), _MINE)
BY_KEY = WHOLE.where(_MINE, orders.c.idempotency_key == bindparam("key"))
INSERT_LINES, INSERT_HISTORY = insert(order_lines), insert(order_history)
PICTURES = (
    select(images)
    .where(images.c.state != ImageState.DELETED, images.c.owner_id == bindparam("owner_id"))
    .where(images.c.id.in_(bindparam("image_ids", expanding=True)))
    .order_by(images.c.id)
)
NEWEST_PRICES = (
    select(price_lists.c.id, price_lists.c.version, price_lists.c.loaded_at)
    .order_by(price_lists.c.id.desc())
    .limit(1)
)


class BareShop:
    """Reads orders, and places copies of one that is there."""

    def __init__(self, engine: Engine, sample: UUID) -> None:
        self._engine = engine
        self._reading = reading_engine(engine)
        on_postgres = engine.dialect.name == "postgresql"
        self._pictures = PICTURES.with_for_update() if on_postgres else PICTURES
        insert_order = postgresql.insert(orders) if on_postgres else sqlite.insert(orders)
        self._insert = insert_order.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        with self._reading.connect() as connection:
            found = connection.execute(WHOLE.where(orders.c.id == sample)).one()._asdict()
            self._jobs = [row._asdict() for row in connection.execute(_jobs_of(sample))]
        self._order: Mapping[str, Any] = {column.name: found[column.name] for column in orders.columns}
        self._lines = rows_of(order_lines, found)
        self._history = rows_of(order_history, found)

    def read(self, order_id: UUID) -> dict[str, Any] | None:
        """One order with its parts."""
        mine = {"order_id": order_id, "owner_id": self._order["user_id"]}
        with self._reading.connect() as connection, connection.begin():
            row = connection.execute(OWNED, mine).first()
        if row is None:
            return None
        lines = [dict(zip(_LINE_COLUMNS, line, strict=True)) for line in row.order_lines]
        return {**row._asdict(), "order_lines": lines}

    def place(self, key: str, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A new order under `key`, of the pictures that `lines` name."""
        order_id, owner_id = _new_id(), self._order["user_id"]
        order = {**self._order, "id": order_id, "number": _new_id().hex, "idempotency_key": key}
        renamed = {str(self._order["id"]): str(order_id)}
        wanted = {UUID(line["image_id"]) for line in lines}
        with self._engine.begin() as connection:
            if (row := connection.execute(BY_KEY, {"owner_id": owner_id, "key": key}).first()) is not None:
                return row._asdict()
            connection.execute(NEWEST_PRICES).first()
            found = connection.execute(self._pictures, {"owner_id": owner_id, "image_ids": list(wanted)})
            if len(found.all()) != len(wanted):
                raise ValueError("there is no such picture")
            connection.execute(self._insert, order)
            of_order = [{**line, "id": _new_id(), "order_id": order_id} for line in self._lines]
            connection.execute(INSERT_LINES, of_order)
            steps = [{**step, "order_id": order_id} for step in self._history]
            connection.execute(INSERT_HISTORY, steps)
            for job in self._jobs:
                payload = {name: renamed.get(value, value) for name, value in job["payload"].items()}
                SqlJobQueue(connection).enqueue(Job(name=job["name"], payload=payload, run_at=job["run_at"]))
        return {**order, "order_lines": of_order}


def _jobs_of(order_id: UUID) -> Select[Any]:
    of_order = cast(jobs.c.payload, Text).contains(str(order_id))
    return select(jobs).where(of_order).order_by(jobs.c.id)


def _new_id() -> UUID:
    return UUID(bytes=uuid_utils.uuid7().bytes)


def bare_app(shop: BareShop) -> Litestar:
    """Three handlers and their framework's defaults."""

    @get("/ready", sync_to_thread=False)
    def ready() -> None: ...

    @get("/orders/{order_id:uuid}", sync_to_thread=True)
    def read(order_id: FromPath[UUID]) -> dict[str, Any] | None:
        return shop.read(order_id)

    @post("/orders", sync_to_thread=True)
    def place(request: Request[Any, Any, Any], data: JSONBody[dict[str, Any]]) -> dict[str, Any]:
        return shop.place(request.headers["idempotency-key"], data["lines"])

    @post("/images", request_max_body_size=None)
    async def upload(
        data: Annotated[UploadFile, Body(media_type=RequestEncodingType.MULTI_PART)],
    ) -> dict[str, int]:
        with tempfile.NamedTemporaryFile() as file:
            while block := await data.read(BLOCK):
                file.write(block)
            return {"size_bytes": file.tell()}

    return Litestar([ready, read, place, upload], openapi_config=None, logging_config=None)


def serve(port: int, sample: UUID) -> None:
    """Serve until SIGTERM, set up like `printapic serve`."""
    engine = sql_engine(make_url(os.environ["PRINTAPIC_DATABASE_URL"]))
    set_asyncio_executor(ThreadPoolExecutor(THREADS))
    app = bare_app(BareShop(engine, sample))
    uvicorn.run(app, port=port, access_log=False, server_header=False, log_level="warning")


if __name__ == "__main__":
    serve(int(sys.argv[1]), UUID(sys.argv[2]))
