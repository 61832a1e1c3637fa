"""Batches: print files handed to the printer together."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.images import BlobCorrupt, ImageStore
from printapic.application.ports.orders import Batch, QueueEntry
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.errors import Invalid, NotFound
from printapic.domain.ids import BatchId, LineId, OrderId, UserId
from printapic.domain.orders.line import OrderLine, PrintFile
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import OrderStatus

_BLOCK = 1 << 20
MAX_BATCH_LINES = 500


class BatchNotFound(NotFound):
    code = "batch-not-found"

    def __init__(self) -> None:
        super().__init__("There is no such batch.")


class NothingToPrint(Invalid):
    code = "nothing-to-print"

    def __init__(self) -> None:
        super().__init__("None of these orders is in production.")


@attrs.frozen(kw_only=True)
class ReadProductionQueue:
    """What is in production, oldest first."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, limit: int = 100) -> tuple[QueueEntry, ...]:
        with self.unit_of_work.reading() as work:
            return work.orders.production_queue(limit=limit)


@attrs.frozen(kw_only=True)
class CreateBatch:
    """Put the lines of some orders in production, or of the oldest, into one batch for the printer.

    A line may be in several batches: a spoilt print is printed again.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers

    def __call__(self, *, operator_id: UserId, order_ids: Sequence[OrderId] | None = None) -> Batch:
        """Without `order_ids`, take at most `MAX_BATCH_LINES` lines.

        Raises `NothingToPrint`, or `OrderNotFound` for one of `order_ids`.
        """
        with self.unit_of_work() as work:
            lines = _queued(work) if order_ids is None else _lines_of(work, order_ids)
            if not lines:
                raise NothingToPrint
            batch = Batch(
                id=BatchId(self.identifiers.uuid()),
                created_by=operator_id,
                created_at=self.clock.now(),
                lines=lines,
            )
            work.batches.add(batch)
            work.commit()
        return batch


def _queued(work: UnitOfWork) -> tuple[tuple[OrderId, LineId], ...]:
    queue = work.orders.production_queue(limit=MAX_BATCH_LINES)
    return tuple((entry.order_id, entry.line_id) for entry in queue)


def _lines_of(work: UnitOfWork, order_ids: Sequence[OrderId]) -> tuple[tuple[OrderId, LineId], ...]:
    orders = [work.orders.get(order_id) for order_id in sorted(set(order_ids))]
    return tuple(
        (order.id, line.id)
        for order in orders
        if order.status is OrderStatus.IN_PRODUCTION
        for line in order.lines
    )


@attrs.frozen(kw_only=True)
class WriteBatch:
    """Write a batch as a ZIP: the print files, and a manifest of them as JSON and as CSV."""

    unit_of_work: UnitOfWorkFactory
    store: ImageStore

    def __call__(self, *, batch_id: BatchId, file: BinaryIO) -> None:
        """Every print file's SHA-256 is checked on the way; those of customers who were erased are left out.

        Raises `BatchNotFound`, also where none is left, or `BlobCorrupt`.
        """
        with self.unit_of_work.reading() as work:
            batch = work.batches.get(batch_id)
            if batch is None:
                raise BatchNotFound
            orders = {order_id: work.orders.get(order_id) for order_id in {o for o, _ in batch.lines}}
        numbered = [
            (number, orders[order_id], line)
            for number, (order_id, line_id) in enumerate(batch.lines, start=1)
            if (line := orders[order_id].line(line_id)).print_file is not None
        ]
        if not numbered:
            raise BatchNotFound
        entries = []
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for number, order, line in numbered:
                entry, print_file = _manifest_entry(number, order, line)
                with archive.open(str(entry["file"]), "w", force_zip64=True) as target:
                    for block in self._blocks(print_file):
                        target.write(block)
                entries.append(entry)
            archive.writestr(
                "manifest.json", json.dumps({"batch": str(batch.id), "files": entries}, indent=2)
            )
            archive.writestr("manifest.csv", _csv(entries))

    def _blocks(self, print_file: PrintFile) -> Iterator[bytes]:
        digest = hashlib.sha256()
        with self.store.open(print_file.key) as source:
            while block := source.read(_BLOCK):
                digest.update(block)
                yield block
        if digest.hexdigest() != print_file.sha256:
            raise BlobCorrupt(print_file.key)


def _manifest_entry(number: int, order: Order, line: OrderLine) -> tuple[dict[str, object], PrintFile]:
    # Production starts when every line has its print file.
    print_file = cast(PrintFile, line.print_file)
    specification = line.specification
    entry: dict[str, object] = {
        "file": f"{number:04}-{order.number}-{line.sku}.jpg",
        "order_number": order.number,
        "sku": line.sku,
        "copies": line.quantity,
        "trim": str(specification.trim),
        "bleed_mm": str(specification.bleed_mm),
        "width_px": print_file.width_px,
        "height_px": print_file.height_px,
        "dpi": specification.dpi,
        "sha256": print_file.sha256,
        "back_print": f"{order.number} {number:04}",
    }
    return entry, print_file


def _csv(entries: Sequence[dict[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(entries[0]))
    writer.writeheader()
    writer.writerows(entries)
    return text.getvalue()
