"""Mail about orders."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from printapic.application.notifications.delivery import SendMail, ShopFront, prepare
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.images import BlobNotFound, ImageStore
from printapic.application.ports.notifications import InlineImage, MailTemplates
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.domain.ids import ImageId, NotificationId, OrderId, UserId
from printapic.domain.images.image import renditions_folder
from printapic.domain.notifications.notification import Notification, NotificationKind
from printapic.domain.orders.order import Order

_MAX_THUMBNAILS = 12


@attrs.frozen(kw_only=True)
class SendOrderMail:
    """Reaction: tell the customer what happened to their order, once per (`kind`, `subject_id`).

    `subject_id` names the parcel or the refund where there may be several, else the order.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    store: ImageStore
    templates: MailTemplates
    send: SendMail
    front: ShopFront

    def __call__(self, *, kind: NotificationKind, order_id: OrderId, subject_id: str) -> None:
        with self.unit_of_work() as work:
            order = work.orders.get(order_id)
            user = work.users.get(order.user_id)
            if user.erased_at is not None:
                return
            notification = prepare(
                work,
                kind=kind,
                subject_id=subject_id,
                user_id=user.id,
                clock=self.clock,
                identifiers=self.identifiers,
            )
            if notification is None:
                return
            special = _special_values(work, kind, order, subject_id)
            work.commit()
        images = self._thumbnails(order)
        values = {
            "shop_name": self.front.name,
            "customer_name": user.name or "",
            **self._order_values(order, {image.content_id for image in images}),
            **special,
        }
        self.send(
            notification=notification,
            to=user.email.address,
            content=self.templates.render(kind, user.locale, values),
            images=images,
        )

    def _order_values(self, order: Order, shown: set[str]) -> Mapping[str, object]:
        address = order.ship_to
        city = f"{address.postal_code} {address.city}"
        lines = [address.name, address.line1, address.line2, city, address.region, address.country]
        return {
            "order_number": order.number,
            "order_url": f"{self.front.order_url}/{order.id}" if self.front.order_url else "",
            "lines": [
                {
                    "name": line.product_name,
                    "quantity": line.quantity,
                    "line_total": str(line.line_total),
                    "thumbnail_cid": cid if (cid := _content_id(line.image_id)) in shown else None,
                }
                for line in order.lines
            ],
            "items_total": str(order.amounts.items),
            "shipping": str(order.amounts.shipping),
            "tax": str(order.amounts.tax),
            "total": str(order.total),
            "ship_to": [text for text in lines if text],
        }

    def _thumbnails(self, order: Order) -> tuple[InlineImage, ...]:
        """The stored thumbnails of the ordered photos; a mail without one is still a mail."""
        images = []
        for image_id in list(dict.fromkeys(line.image_id for line in order.lines))[:_MAX_THUMBNAILS]:
            beginning = f"{renditions_folder(order.user_id, image_id)}thumbnail-"
            blob = next((b for b in self.store.list(beginning, limit=1)), None)
            if blob is None:
                continue
            try:
                with self.store.open(blob.key) as file:
                    images.append(
                        InlineImage(
                            content_id=_content_id(image_id), content=file.read(), content_type="image/jpeg"
                        )
                    )
            except BlobNotFound:
                continue
        return tuple(images)


def _content_id(image_id: ImageId) -> str:
    return f"photo-{image_id}"


def _special_values(
    work: UnitOfWork, kind: NotificationKind, order: Order, subject_id: str
) -> Mapping[str, object]:
    """What only this kind of mail says."""
    match kind:
        case NotificationKind.ORDER_PLACED | NotificationKind.PAYMENT_FAILED:
            return {"pay_until": order.expires_at}
        case NotificationKind.PAYMENT_RECEIVED:
            return {"edit_until": order.edit_until}
        case NotificationKind.SHIPPED:
            parcel = next(s for s in order.shipments if str(s.id) == subject_id)
            return {
                "carrier": parcel.carrier,
                "tracking_number": parcel.tracking_number,
                "tracking_url": parcel.tracking_url,
            }
        case NotificationKind.REFUNDED:
            payment = work.payments.of_order(order.id)
            refunds = payment.transactions if payment else ()
            return {"amount": next(str(t.amount) for t in refunds if t.ref == subject_id)}
    return {}


@attrs.frozen(kw_only=True)
class ListNotifications:
    """A page of what a user was told, newest first."""

    unit_of_work: UnitOfWorkFactory

    def __call__(
        self, *, user_id: UserId, before: NotificationId | None = None, limit: int = 20
    ) -> tuple[Notification, ...]:
        with self.unit_of_work.reading() as work:
            return work.notifications.page(user_id, before=before, limit=limit)
