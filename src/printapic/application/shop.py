"""The front door: every use case of the shop in one typed place."""

from __future__ import annotations

from enum import Enum
from typing import Any, get_type_hints
from uuid import UUID

import attrs

from printapic.application.audit.checkpoints import ScheduleCheckpoint, SealAuditLog
from printapic.application.audit.reading import ReadAuditLog
from printapic.application.audit.verification import VerifyAuditLog
from printapic.application.catalogue.prices import CheckCurrencies, LoadPriceList, QuoteOrder, ReadPriceList
from printapic.application.images.erasure import EraseImages
from printapic.application.images.library import CheckPrintability, DeleteImage, ListImages, ReadImage
from printapic.application.images.renditions import ReadOriginal, ReadRendition
from printapic.application.images.uploading import UploadImage
from printapic.application.jobs.replaying import ReplayJob
from printapic.application.notifications.account_mail import (
    SendAccountMail,
    SendRegistrationMail,
    SendSecurityMail,
)
from printapic.application.notifications.erasure import ClearShelf, EraseNotifications, ScheduleClearing
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
from printapic.application.orders.erasure import EraseOrders
from printapic.application.orders.fulfilment import MarkDelivered, ShipParcel, StartProduction
from printapic.application.orders.invoices import OpenInvoice
from printapic.application.orders.printing import RenderPrintFiles
from printapic.application.orders.tracking import ListOrders, ReadActions, ReadOrder
from printapic.application.payments.bookkeeping import (
    ExportTransactions,
    ListPayments,
    ReadBalances,
    ReadTransactions,
)
from printapic.application.payments.checking import CheckPayments
from printapic.application.payments.collection import ReadOrderPayment, ReadPayment, StartPayment
from printapic.application.payments.dispatch import DispatchOperation
from printapic.application.payments.erasure import ErasePayments
from printapic.application.payments.evidence import AssembleEvidence, FindPayment
from printapic.application.payments.intake import ReceiveWebhook, SettleWebhook
from printapic.application.payments.purging import PurgeInbox, ScheduleInboxPurge
from printapic.application.payments.reconciliation import (
    CloseFinding,
    ListFindings,
    ReconcileDaily,
    ReconcilePayments,
    ScheduleReconciliation,
)
from printapic.application.payments.releasing import ReleasePayment
from printapic.application.payments.replaying import ListWebhookEvents, ReplayWebhook
from printapic.application.payments.settlement import PollPayment, SyncPayment
from printapic.application.payments.staff import AcceptParkedMoney, RefundPayment, ResolveReview
from printapic.application.payments.undecided import ResolveOperation
from printapic.application.payments.watching import LookThroughPayments, ScheduleWatch, WatchPayments
from printapic.application.ports.jobs import Job
from printapic.application.reactions import JOBS
from printapic.application.users.administration import (
    CreateAdmin,
    CreateUser,
    DisableUser,
    EnableUser,
    FindUser,
    ListUsers,
    ReadUser,
    SetRoles,
    UpdateProfile,
)
from printapic.application.users.api_keys import IssueApiKey, ListApiKeys, RevokeApiKey
from printapic.application.users.authentication import Authenticate, AuthenticateApiKey, LogIn, Reauthenticate
from printapic.application.users.email_change import ConfirmEmailChange, RequestEmailChange, RevertEmailChange
from printapic.application.users.erasure import EraseUser, RequestErasure, ShredErased
from printapic.application.users.export import ExportUser
from printapic.application.users.keys import ListKeys, ListPublicKeys, RevokeKey, RotateKeys
from printapic.application.users.passwords import ChangePassword, RequestPasswordReset, ResetPassword
from printapic.application.users.purging import PurgeExpired, SchedulePurge
from printapic.application.users.registration import Register, RequestVerificationMail, VerifyEmail
from printapic.application.users.second_factor import (
    ConfirmSecondFactor,
    DisableSecondFactor,
    EnrolSecondFactor,
    FinishSecondFactorReset,
    ReadSecondFactor,
    RenewRecoveryCodes,
    ResetSecondFactor,
)
from printapic.application.users.sessions import EndSession, EndSessions, ListSessions, LogOut, RefreshSession


class UnknownJob(ValueError):
    """A job names no use case of this version. It stays in the queue for one that knows it."""


@attrs.frozen(kw_only=True)
class Shop:
    """Everything that can be done, as callables with keyword arguments: `shop.place_order(...)`.

    HTTP, CLI and embedding programs all enter here. Identity is proven by `authenticate`; the other use
    cases trust the ids and actors that they are given. Safe to use from many threads.
    """

    register: Register
    request_verification_mail: RequestVerificationMail
    verify_email: VerifyEmail
    request_password_reset: RequestPasswordReset
    reset_password: ResetPassword
    change_password: ChangePassword
    request_email_change: RequestEmailChange
    confirm_email_change: ConfirmEmailChange
    revert_email_change: RevertEmailChange
    update_profile: UpdateProfile

    log_in: LogIn
    refresh_session: RefreshSession
    reauthenticate: Reauthenticate
    log_out: LogOut
    list_sessions: ListSessions
    end_session: EndSession
    end_sessions: EndSessions
    authenticate: Authenticate
    authenticate_api_key: AuthenticateApiKey

    read_second_factor: ReadSecondFactor
    enrol_second_factor: EnrolSecondFactor
    confirm_second_factor: ConfirmSecondFactor
    disable_second_factor: DisableSecondFactor
    renew_recovery_codes: RenewRecoveryCodes
    reset_second_factor: ResetSecondFactor

    create_user: CreateUser
    create_admin: CreateAdmin
    set_roles: SetRoles
    disable_user: DisableUser
    enable_user: EnableUser
    find_user: FindUser
    read_user: ReadUser
    list_users: ListUsers
    issue_api_key: IssueApiKey
    list_api_keys: ListApiKeys
    revoke_api_key: RevokeApiKey
    list_keys: ListKeys
    list_public_keys: ListPublicKeys
    rotate_keys: RotateKeys
    revoke_key: RevokeKey

    export_user: ExportUser
    request_erasure: RequestErasure

    upload_image: UploadImage
    read_image: ReadImage
    list_images: ListImages
    delete_image: DeleteImage
    read_rendition: ReadRendition
    read_original: ReadOriginal
    check_printability: CheckPrintability

    load_price_list: LoadPriceList
    check_currencies: CheckCurrencies
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

    open_invoice: OpenInvoice

    replay_job: ReplayJob

    start_payment: StartPayment
    read_payment: ReadPayment
    read_order_payment: ReadOrderPayment
    sync_payment: SyncPayment
    refund_payment: RefundPayment
    accept_parked_money: AcceptParkedMoney
    resolve_review: ResolveReview
    assemble_evidence: AssembleEvidence
    find_payment: FindPayment
    receive_webhook: ReceiveWebhook
    list_webhook_events: ListWebhookEvents
    replay_webhook: ReplayWebhook
    check_payments: CheckPayments
    watch_payments: WatchPayments
    look_through_payments: LookThroughPayments
    schedule_watch: ScheduleWatch
    list_payments: ListPayments
    read_transactions: ReadTransactions
    export_transactions: ExportTransactions
    read_balances: ReadBalances
    reconcile_payments: ReconcilePayments
    list_findings: ListFindings
    close_finding: CloseFinding

    list_notifications: ListNotifications

    read_audit_log: ReadAuditLog
    verify_audit_log: VerifyAuditLog
    schedule_checkpoint: ScheduleCheckpoint
    schedule_purge: SchedulePurge
    schedule_clearing: ScheduleClearing
    schedule_reconciliation: ScheduleReconciliation
    purge_inbox: PurgeInbox
    schedule_inbox_purge: ScheduleInboxPurge

    # Reactions, run as jobs
    seal_audit_log: SealAuditLog
    erase_user: EraseUser
    erase_images: EraseImages
    erase_orders: EraseOrders
    erase_payments: ErasePayments
    erase_notifications: EraseNotifications
    shred_erased: ShredErased
    purge_expired: PurgeExpired
    clear_shelf: ClearShelf
    send_registration_mail: SendRegistrationMail
    send_account_mail: SendAccountMail
    send_security_mail: SendSecurityMail
    finish_second_factor_reset: FinishSecondFactorReset
    send_order_mail: SendOrderMail
    expire_order: ExpireOrder
    complete_order: CompleteOrder
    advance_order: AdvanceOrder
    render_print_files: RenderPrintFiles
    settle_webhook: SettleWebhook
    poll_payment: PollPayment
    dispatch_operation: DispatchOperation
    resolve_operation: ResolveOperation
    release_payment: ReleasePayment
    reconcile_daily: ReconcileDaily

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
