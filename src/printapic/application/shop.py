"""The front door: every use case of the shop in one typed place."""

from __future__ import annotations

from enum import Enum
from typing import Any, get_type_hints
from uuid import UUID

import attrs

from printapic.application.catalogue.prices import LoadPriceList, QuoteOrder, ReadPriceList
from printapic.application.images.library import CheckPrintability, DeleteImage, ListImages, ReadImage
from printapic.application.images.renditions import ReadOriginal, ReadRendition
from printapic.application.images.uploading import UploadImage
from printapic.application.notifications.account_mail import SendRegistrationMail
from printapic.application.notifications.order_mail import ListNotifications, SendOrderMail
from printapic.application.orders.batches import CreateBatch, ReadProductionQueue, WriteBatch
from printapic.application.orders.changes import (
    AbortOrder,
    AdvanceOrder,
    CancelOrder,
    CompleteOrder,
    ExpireOrder,
    HoldOrder,
    ReleaseOrder,
    WaiveEditWindow,
)
from printapic.application.orders.checkout import PlaceOrder
from printapic.application.orders.fulfilment import MarkDelivered, ShipParcel, StartProduction
from printapic.application.orders.printing import RenderPrintFiles
from printapic.application.orders.tracking import ListOrders, ReadActions, ReadOrder
from printapic.application.payments.collection import ReadOrderPayment, ReadPayment, StartPayment
from printapic.application.payments.dispatch import DispatchOperation
from printapic.application.payments.intake import ReceiveWebhook, SettleWebhook
from printapic.application.payments.refunds import ReleasePayment
from printapic.application.payments.settlement import PollPayment, SyncPayment
from printapic.application.ports.jobs import Job
from printapic.application.reactions import JOBS
from printapic.application.users.administration import CreateAdmin, CreateUser, GrantRole, ListUsers, ReadUser
from printapic.application.users.authentication import Authenticate, LogIn, LogOut, RefreshSession
from printapic.application.users.registration import Register, VerifyEmail


class UnknownJob(ValueError):
    """A job names no use case of this version. It stays in the queue for one that knows it."""


@attrs.frozen(kw_only=True)
class Shop:
    """Everything that can be done, as callables with keyword arguments: `shop.place_order(...)`.

    HTTP, CLI and embedding programs all enter here. Identity is proven by `authenticate`; the other use
    cases trust the ids and actors that they are given. Safe to use from many threads.
    """

    register: Register
    verify_email: VerifyEmail
    log_in: LogIn
    refresh_session: RefreshSession
    log_out: LogOut
    authenticate: Authenticate
    create_user: CreateUser
    create_admin: CreateAdmin
    grant_role: GrantRole
    read_user: ReadUser
    list_users: ListUsers

    upload_image: UploadImage
    read_image: ReadImage
    list_images: ListImages
    delete_image: DeleteImage
    read_rendition: ReadRendition
    read_original: ReadOriginal
    check_printability: CheckPrintability

    load_price_list: LoadPriceList
    read_price_list: ReadPriceList
    quote_order: QuoteOrder

    place_order: PlaceOrder
    read_order: ReadOrder
    list_orders: ListOrders
    read_actions: ReadActions
    cancel_order: CancelOrder
    waive_edit_window: WaiveEditWindow
    hold_order: HoldOrder
    release_order: ReleaseOrder
    abort_order: AbortOrder
    start_production: StartProduction
    ship_parcel: ShipParcel
    mark_delivered: MarkDelivered
    read_production_queue: ReadProductionQueue
    create_batch: CreateBatch
    write_batch: WriteBatch

    start_payment: StartPayment
    read_payment: ReadPayment
    read_order_payment: ReadOrderPayment
    sync_payment: SyncPayment
    receive_webhook: ReceiveWebhook

    list_notifications: ListNotifications

    # Reactions, run as jobs
    send_registration_mail: SendRegistrationMail
    send_order_mail: SendOrderMail
    expire_order: ExpireOrder
    complete_order: CompleteOrder
    advance_order: AdvanceOrder
    render_print_files: RenderPrintFiles
    settle_webhook: SettleWebhook
    poll_payment: PollPayment
    dispatch_operation: DispatchOperation
    release_payment: ReleasePayment

    def perform(self, job: Job) -> None:
        """Run the reaction that a job names. Unknown arguments, from a newer version, are left out.

        Raises `UnknownJob`, or whatever the use case raises.
        """
        for field in attrs.fields(Shop):
            use_case = getattr(self, field.name)
            if type(use_case).__name__ == job.name and job.name in JOBS:
                parameters = _parameters(type(use_case))
                use_case(
                    **{
                        name: _value(parameters[name], value)
                        for name, value in job.payload.items()
                        if name in parameters
                    }
                )
                return
        raise UnknownJob(job.name)


def _parameters(use_case: type) -> dict[str, Any]:
    hints = get_type_hints(use_case.__call__)
    hints.pop("return", None)
    return hints


def _value(hint: Any, value: str | int | None) -> object:
    """A plain value as the type that the use case asks for: a UUID, or a member of an enum."""
    target = getattr(hint, "__supertype__", hint)
    if target is UUID:
        return UUID(str(value))
    if isinstance(target, type) and issubclass(target, Enum):
        return target(value)
    return value
