"""Print files: rendered once the order is paid for."""

from __future__ import annotations

import hashlib
import io
import json

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.images import Blob, BlobNotFound, ImageProcessor, ImageStore
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.actors import SYSTEM
from printapic.domain.errors import Invalid, NotFound
from printapic.domain.ids import OrderId
from printapic.domain.images.image import Image, ImageNotFound, original_key, print_file_key
from printapic.domain.images.layout import PrintLayout, crop_box
from printapic.domain.orders.line import OrderLine, PrintFile, PrintState
from printapic.domain.orders.order import Order
from printapic.domain.orders.status import HoldReason, OrderStatus


@attrs.frozen(kw_only=True)
class RenderPrintFiles:
    """Reaction: make the print file of every line that has none yet.

    Files are named by everything that decides their content, so rendering again finds the same file. A
    photo that is gone or cannot be rendered any more holds the order, and says so on the line.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    store: ImageStore
    processor: ImageProcessor

    def __call__(self, *, order_id: OrderId) -> None:
        with self.unit_of_work.reading() as work:
            order = work.orders.get(order_id)
            images = work.images.many(
                frozenset(line.image_id for line in order.lines), owner_id=order.user_id
            )
        if order.status not in (OrderStatus.CONFIRMED, OrderStatus.ON_HOLD):
            return
        for line in order.lines:
            if line.print_file is None:
                self._render(order, line, images.get(line.image_id))

    def _render(self, order: Order, line: OrderLine, image: Image | None) -> None:
        if image is None:
            self._give_up(order.id, line, ImageNotFound.code)
            return
        facts = image.facts
        layout = PrintLayout.of(
            crop=crop_box(line.crop, facts.width_px, facts.height_px, line.specification),
            width_px=facts.width_px,
            height_px=facts.height_px,
            specification=line.specification,
        )
        key = print_file_key(order.user_id, render_key(line.image_sha256, layout, self.processor.fingerprint))
        try:
            blob = self._stored(key) or self._made(
                key, original_key(order.user_id, line.image_sha256), layout
            )
        except (Invalid, NotFound) as refusal:
            self._give_up(order.id, line, refusal.code)
            return
        file = PrintFile(
            key=key,
            sha256=blob.sha256,
            size_bytes=blob.size_bytes,
            width_px=layout.canvas_width_px,
            height_px=layout.canvas_height_px,
        )
        self._ready(order.id, line, file)

    def _stored(self, key: str) -> Blob | None:
        """The same print, made for another line or before a crash."""
        try:
            return self.store.stat(key)
        except BlobNotFound:
            return None

    def _made(self, key: str, original: str, layout: PrintLayout) -> Blob:
        with self.store.open(original) as file:
            master = self.processor.print_master(file, layout)
        blob = Blob(
            key=key,
            size_bytes=len(master.content),
            sha256=hashlib.sha256(master.content).hexdigest(),
            content_type=master.content_type,
        )
        self.store.put(
            key,
            io.BytesIO(master.content),
            size_bytes=blob.size_bytes,
            sha256=blob.sha256,
            content_type=blob.content_type,
        )
        return blob

    def _ready(self, order_id: OrderId, line: OrderLine, file: PrintFile) -> None:
        with self.unit_of_work() as work:
            order = work.orders.get(order_id)
            order.print_file_ready(line.id, file, at=self.clock.now())
            work.orders.save(order)
            work.commit()

    def _give_up(self, order_id: OrderId, line: OrderLine, code: str) -> None:
        now = self.clock.now()
        with self.unit_of_work() as work:
            order = work.orders.get(order_id)
            order.print_file_failed(line.id, code, at=now)
            failed = order.line(line.id).print_state is PrintState.FAILED
            if failed and order.status is OrderStatus.CONFIRMED:
                order.hold(SYSTEM, reason=HoldReason.QUALITY, at=now)
            work.orders.save(order)
            work.commit()


def render_key(image_sha256: str, layout: PrintLayout, fingerprint: str) -> str:
    """SHA-256 over all that decides a print file's bytes."""
    plain = ["print-v1", image_sha256, attrs.asdict(layout), "jpeg-q95-444", "srgb", fingerprint]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
