"""Export: everything that the shop holds about one user, to take along (GDPR, articles 15 and 20)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Generator, Iterable, Iterator
from importlib.resources import files

import attrs

from printapic.application.ports.audit import AuditPosition, AuditQuery
from printapic.application.ports.clock import Clock
from printapic.application.ports.images import BlobNotFound, ImageStore
from printapic.application.ports.throttle import Limit, Throttle, demand
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.users import export_documents as documents
from printapic.application.users.export_documents import Document
from printapic.application.users.proof import demand_recent_proof
from printapic.domain.actors import UNKNOWN_CALLER, Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.ids import ImageId, NotificationId, OrderId, SessionId, UserId
from printapic.domain.images.image import Image

EXPORTS = Limit(name="export", count=5, period_s=86_400)
FORMAT = 1
SCHEMA = "export.schema.json"
DOCUMENT = "export.json"
_PAGE = 100
_BLOCK = 1 << 18


class _Outlet(io.RawIOBase):
    """Where the ZIP is written to, and taken from piece by piece."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: object) -> int:
        before = len(self._written)
        self._written += memoryview(data)  # type: ignore[arg-type]
        return len(self._written) - before

    def full(self) -> bool:
        return len(self._written) >= _BLOCK

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


@attrs.frozen(kw_only=True)
class ExportUser:
    """Make a ZIP of all of a user's data: `export.json`, its JSON schema, and every original photo untouched.

    It is made while it is sent, so that ten thousand photos take no more memory, and no more disk, than one.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    throttle: Throttle
    store: ImageStore

    def __call__(
        self, *, user_id: UserId, session_id: SessionId, caller: Caller = UNKNOWN_CALLER
    ) -> Generator[bytes, None, None]:
        """The ZIP in pieces.

        Raises `ReauthenticationRequired` or `TooManyRequests` at once, and what the stores raise on the way.
        """
        now = self.clock.now()
        with self.unit_of_work.reading() as work:
            demand_recent_proof(work, user_id, session_id, at=now)
        demand(self.throttle, f"user:{user_id}", EXPORTS)
        with self.unit_of_work() as work:
            work.users.get(user_id)
            work.audit.append(
                AuditEvent(
                    at=now,
                    action=AuditAction.USER_EXPORTED,
                    actor_id=user_id,
                    subject_id=user_id,
                    session_id=session_id,
                    caller=caller,
                )
            )
            work.commit()
        return self._pieces(user_id)

    def _pieces(self, user_id: UserId) -> Generator[bytes, None, None]:
        outlet, lost = _Outlet(), set[ImageId]()
        with zipfile.ZipFile(outlet, "w") as archive:
            for image in self._images(user_id):
                yield from self._original(archive, outlet, image, lost)
            archive.writestr(SCHEMA, files(__package__).joinpath(SCHEMA).read_bytes())
            packed = zipfile.ZipInfo(DOCUMENT, self.clock.now().timetuple()[:6])
            packed.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(packed, "w", force_zip64=True) as entry:
                for text in self._document(user_id, lost):
                    entry.write(text.encode())
                    if outlet.full():
                        yield outlet.take()
        yield outlet.take()

    def _original(
        self, archive: zipfile.ZipFile, outlet: _Outlet, image: Image, lost: set[ImageId]
    ) -> Iterator[bytes]:
        """One photo as it was uploaded. One whose bytes are gone is no reason to hold back the others."""
        try:
            with self.store.open(image.original_key) as source:
                packed = zipfile.ZipInfo(documents.file_of(image), image.created_at.timetuple()[:6])
                with archive.open(packed, "w", force_zip64=True) as entry:
                    while block := source.read(_BLOCK):
                        entry.write(block)
                        yield outlet.take()
        except BlobNotFound:
            lost.add(image.id)

    def _document(self, user_id: UserId, lost: set[ImageId]) -> Iterator[str]:
        """The JSON of `export.json`, a line for each thing in it."""
        with self.unit_of_work.reading() as work:
            user = work.users.get(user_id)
            factor = work.second_factors.get(user_id)
            keys = frozenset({user.email.key})
            requests = work.account_requests.of_user(user_id, keys)
            lists: dict[str, Iterable[Document]] = {
                "sessions": [documents.session(each) for each in work.sessions.of_user(user_id)],
                "api_keys": [documents.api_key(each) for each in work.api_keys.of_owner(user_id)],
                "requests": [documents.request(each) for each in requests],
                "registrations": [
                    documents.registration(each) for each in work.registrations.of_addresses(keys)
                ],
            }
        lists["notifications"] = self._notifications(user_id)
        lists["images"] = (documents.image(each, each.id not in lost) for each in self._images(user_id))
        lists["orders"] = self._orders(user_id)
        lists["audit_log"] = self._audit_log(user_id)
        yield f'{{"format": {FORMAT},\n"exported_at": "{self.clock.now().isoformat()}",\n'
        yield f'"account": {_text(documents.account(user))},\n'
        yield f'"second_factor": {_text(documents.second_factor(factor))}'
        for name, items in lists.items():
            yield f',\n"{name}": ['
            between = "\n"
            for item in items:
                yield between + _text(item)
                between = ",\n"
            yield "]"
        yield "}\n"

    def _images(self, user_id: UserId) -> Iterator[Image]:
        after: ImageId | None = None
        while page := self._page_of_images(user_id, after):
            yield from page
            after = page[-1].id

    def _page_of_images(self, user_id: UserId, after: ImageId | None) -> tuple[Image, ...]:
        with self.unit_of_work.reading() as work:
            return work.images.held(user_id, after=after, limit=_PAGE)

    def _notifications(self, user_id: UserId) -> Iterator[Document]:
        before: NotificationId | None = None
        while True:
            with self.unit_of_work.reading() as work:
                page = work.notifications.page(user_id, before=before, limit=_PAGE)
            if not page:
                return
            yield from map(documents.notification, page)
            before = page[-1].id

    def _orders(self, user_id: UserId) -> Iterator[Document]:
        before: OrderId | None = None
        while True:
            with self.unit_of_work.reading() as work:
                page = work.orders.page(owner_id=user_id, before=before, limit=_PAGE)
            if not page:
                return
            for summary in page:
                with self.unit_of_work.reading() as work:
                    order, payment = work.orders.get(summary.id), work.payments.of_order(summary.id)
                yield documents.order(order, payment)
            before = page[-1].id

    def _audit_log(self, user_id: UserId) -> Iterator[Document]:
        before: AuditPosition | None = None
        while True:
            with self.unit_of_work.reading() as work:
                page = work.audit.page(AuditQuery(subject_id=user_id), before=before, limit=_PAGE)
            if not page:
                return
            yield from (documents.audit_record(record, user_id) for record in page)
            last = page[-1].entry
            before = AuditPosition(at=last.at, stream=last.stream, sequence=last.sequence)


def _text(item: Document | None) -> str:
    return json.dumps(item, ensure_ascii=False)
