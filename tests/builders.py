"""Domain objects in which nothing is left at its default, so that whatever forgets a field is found out.

Each builder takes the fields a test cares about. People, orders and checkouts belong together by default:
what `an_order()` returns was placed by `a_customer()`, and `a_payment()` pays for `an_order()`.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from printapic.application.ports.orders import Batch
from printapic.domain.actors import Caller, Role
from printapic.domain.addresses import Address
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.catalogue.price_list import PriceList, ShippingMethod, ShippingRate, TaxRule
from printapic.domain.catalogue.product import PriceStep, Product, ProductKind
from printapic.domain.crops import CropRecipe
from printapic.domain.ids import (
    AccountRequestId,
    ApiKeyId,
    AttemptId,
    BatchId,
    FindingId,
    ImageId,
    LineId,
    NotificationId,
    OperationId,
    OrderId,
    PaymentId,
    RegistrationId,
    SessionId,
    ShipmentId,
    Sku,
    TreasuryEntryId,
    UserId,
)
from printapic.domain.images.formats import ImageFormat
from printapic.domain.images.image import ColourProfile, ColourSpace, Image, ImageFacts, ImageState
from printapic.domain.money import Money
from printapic.domain.notifications.notification import Notification, NotificationKind
from printapic.domain.orders.invoice import RetainedInvoice
from printapic.domain.orders.line import Acknowledgement, OrderLine, PrintCheck, PrintFile, PrintState
from printapic.domain.orders.order import HistoryEntry, Order, OrderAmounts
from printapic.domain.orders.shipment import Shipment, ShipmentState, ShippedItem
from printapic.domain.orders.status import HoldReason, OrderStatus
from printapic.domain.payments.attempt import Attempt, AttemptState, Provider
from printapic.domain.payments.dispute import Dispute
from printapic.domain.payments.finding import Finding, FindingKind, FindingState
from printapic.domain.payments.inbox import InboxEntry, InboxState
from printapic.domain.payments.operation import Operation, OperationKind, OperationState
from printapic.domain.payments.payment import Payment
from printapic.domain.payments.snapshot import DisputeState
from printapic.domain.payments.transaction import Posting, Source, Transaction, TransactionType
from printapic.domain.payments.treasury import TreasuryEntry, TreasuryType
from printapic.domain.print_sizes import Orientation, PrintSize, PrintSpecification, ResolutionBands
from printapic.domain.users.account_request import AccountRequest, RequestKind
from printapic.domain.users.api_key import ApiKey
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.permissions import Permission
from printapic.domain.users.second_factor import SecondFactor
from printapic.domain.users.session import Session, SessionEnd
from printapic.domain.users.user import Locale, Registration, User

NOON = datetime(2026, 3, 14, 12, 0, 0, 123456, UTC)
CUSTOMER = UserId(UUID("01957b2e-0000-7000-8000-00000000c057"))
ORDER = OrderId(UUID("01957b2e-0000-7000-8000-0000000004de"))
LINE = LineId(UUID("01957b2e-0000-7000-8000-00000000114e"))
ATTEMPT = AttemptId(UUID("01957b2e-0000-7000-8000-0000000a77e0"))
_FIRST = 0x01957B2E_0001_7000_8000_000000000000
_numbers = itertools.count(1)


def new_id() -> UUID:
    """An id that no other has, greater than all before it, like version 7 of later moments."""
    return UUID(int=_FIRST + next(_numbers))


def minutes(count: float) -> datetime:
    """So many minutes after `NOON`."""
    return NOON + timedelta(minutes=count)


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


def a_customer(**fields: Any) -> User:
    return User(
        **{
            "id": CUSTOMER,
            "email": EmailAddress.parse("Ännchen.Müller@exämple.de"),
            "password_hash": "$bcrypt-sha256$v=2,t=2b,r=11$customer",
            "name": "Ännchen Müller 🖼",
            "locale": Locale.DE,
            "roles": frozenset({Role.CUSTOMER, Role.SUPPORT}),
            "created_at": minutes(-60),
            "disabled_at": minutes(60),
            "password_changed_at": minutes(50),
            "erasure_requested_at": minutes(70),
            "erased_at": minutes(80),
            "version": 3,
            **fields,
        }
    )


def another_customer(**fields: Any) -> User:
    """Somebody with an id and an address that nobody else has."""
    number = new_id()
    email = EmailAddress.parse(f"customer-{number.hex[-12:]}@example.com")
    return a_customer(**{"id": UserId(number), "email": email, **fields})


def a_registration(**fields: Any) -> Registration:
    return Registration(
        **{
            "id": RegistrationId(new_id()),
            "email": EmailAddress.parse("New.Customer@example.com"),
            "name": "Noël Newman",
            "locale": Locale.DE,
            "token_sha256": new_id().hex * 2,
            "created_at": minutes(1),
            "expires_at": minutes(2),
            "used_at": minutes(3),
            "version": 2,
            **fields,
        }
    )


def a_session(**fields: Any) -> Session:
    return Session(
        **{
            "id": SessionId(new_id()),
            "user_id": CUSTOMER,
            "generation": 7,
            "created_at": minutes(1),
            "refreshed_at": minutes(2),
            "used_at": minutes(3),
            "authenticated_at": minutes(2),
            "expires_at": minutes(5),
            "idle_s": 1800,
            "second_factor": True,
            "address": "203.0.113.9",
            "device": "Firefox on Linux",
            "revoked_at": minutes(4),
            "ended_by": SessionEnd.TOKEN_REUSED,
            "version": 6,
            **fields,
        }
    )


def an_account_request(**fields: Any) -> AccountRequest:
    return AccountRequest(
        **{
            "id": AccountRequestId(new_id()),
            "kind": RequestKind.EMAIL_REVERT,
            "email": EmailAddress.parse("Neue.Ännchen@exämple.de"),
            "user_id": CUSTOMER,
            "session_id": SessionId(new_id()),
            "undoes": AccountRequestId(new_id()),
            "token_sha256": new_id().hex * 2,
            "created_at": minutes(1),
            "expires_at": minutes(2),
            "used_at": minutes(3),
            "version": 4,
            **fields,
        }
    )


def a_second_factor(**fields: Any) -> SecondFactor:
    return SecondFactor(
        **{
            "id": CUSTOMER,
            "secret_sealed": "sealed secret",
            "created_at": minutes(1),
            "confirmed_at": minutes(2),
            "last_step": 59_000_001,
            "recovery": (new_id().hex * 2, new_id().hex * 2),
            "reset_due_at": minutes(60),
            "version": 5,
            **fields,
        }
    )


def an_api_key(**fields: Any) -> ApiKey:
    return ApiKey(
        **{
            "id": ApiKeyId(new_id()),
            "owner_id": CUSTOMER,
            "name": "Warehouse scanner №2",
            "scopes": frozenset({Permission.ORDER_READ, Permission.SHIPMENT_WRITE}),
            "networks": ("203.0.113.0/24", "2001:db8::/48"),
            "sha256": new_id().hex * 2,
            "created_at": minutes(1),
            "expires_at": minutes(90),
            "last_used_at": minutes(5),
            "revoked_at": minutes(6),
            "version": 7,
            **fields,
        }
    )


def an_image(**fields: Any) -> Image:
    return Image(
        **{
            "id": ImageId(new_id()),
            "owner_id": CUSTOMER,
            "file_name": "Straße & Café №1.jpg",
            "sha256": new_id().hex * 2,
            "size_bytes": 5_000_000_000,
            "state": ImageState.READY,
            "facts": image_facts(),
            "created_at": minutes(5),
            "version": 1,
            **fields,
        }
    )


def image_facts(**fields: Any) -> ImageFacts:
    return ImageFacts(
        **{
            "format": ImageFormat.PNG,
            "width_px": 4000,
            "height_px": 3000,
            "orientation": 6,
            "colour_space": ColourSpace.GREY,
            "colour_profile": ColourProfile.OTHER,
            "has_alpha": True,
            "bits_per_channel": 16,
            "taken_at": datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC),
            **fields,
        }
    )


def a_specification(**fields: Any) -> PrintSpecification:
    return PrintSpecification(
        **{
            "trim": PrintSize(Decimal("152.4"), Decimal("101.60")),
            "bleed_mm": Decimal("3.5"),
            "safe_mm": Decimal("4.25"),
            "dpi": 305,
            "orientation": Orientation.FIXED,
            "bands": ResolutionBands(inform_dpi=290, warn_dpi=200, block_dpi=100),
            "colour_profile": "fogra39",
            **fields,
        }
    )


def a_product(**fields: Any) -> Product:
    return Product(
        **{
            "sku": Sku("canvas-40x30"),
            "name": "Leinwand 40x30",
            "kind": ProductKind.CANVAS,
            "paper": "cotton-370",
            "finish": "matt",
            "specification": a_specification(),
            "max_copies": 25,
            "weight_g": 1200,
            "tax_class": "art",
            "prices": {
                "JPY": (PriceStep(1, Money.of("4000", "JPY")),),
                "EUR": (PriceStep(1, euros("39.90")), PriceStep(10, euros("35.00"))),
            },
            "retired_at": minutes(9),
            **fields,
        }
    )


def a_price_list(**fields: Any) -> PriceList:
    rate = ShippingRate(
        countries=("DE", "*"),
        max_weight_g=2000,
        prices={"EUR": euros("4.90"), "JPY": Money.of("700", "JPY")},
    )
    return PriceList(
        **{
            "version": f"digest-{new_id().hex}",
            "loaded_at": minutes(8),
            "products": (a_product(),),
            "shipping_methods": (
                ShippingMethod(code="standard", name="Standard", min_days=2, max_days=4, rates=(rate,)),
            ),
            "taxes": (TaxRule(country="DE", tax_class="art", rate=Fraction(7, 100)),),
            **fields,
        }
    )


def a_line(**fields: Any) -> OrderLine:
    return OrderLine(
        **{
            "id": LineId(new_id()),
            "sku": Sku("print-10x15-glossy"),
            "product_name": "Abzug 10x15 größer",
            "specification": a_specification(),
            "quantity": 12,
            "unit_price": euros("0.29"),
            "line_total": euros("3.48"),
            "image_id": ImageId(new_id()),
            "image_sha256": new_id().hex * 2,
            "crop": CropRecipe(1, 20, 300_000, 400_000),
            "check": PrintCheck(
                verdict="warn",
                effective_dpi="187.5",
                warnings=("LOW_RESOLUTION",),
                blocks=("ASPECT_MISMATCH",),
            ),
            "acknowledgements": (
                Acknowledgement(code="LOW_RESOLUTION", effective_dpi="187.4", at=minutes(10)),
            ),
            "print_state": PrintState.FAILED,
            "print_file": PrintFile(
                key="prints/a/b.jpg", sha256="f" * 64, size_bytes=3_000_000_000, width_px=1831, height_px=1221
            ),
            "print_failure": "image-corrupt",
            **fields,
        }
    )


def a_shipment(**fields: Any) -> Shipment:
    return Shipment(
        **{
            "id": ShipmentId(new_id()),
            "carrier": "Gelbe Post",
            "tracking_number": "JJD 0001",
            "tracking_url": "https://carrier.example/JJD0001?a=b",
            "items": (ShippedItem(LINE, 7),),
            "state": ShipmentState.DELIVERED,
            "handed_over_at": minutes(30),
            "delivered_at": minutes(40),
            **fields,
        }
    )


def an_address(**fields: Any) -> Address:
    return Address(
        **{
            "name": "Zoë O'Neill",
            "line1": "Große Straße 1",
            "line2": "c/o Müller",
            "postal_code": "10115",
            "city": "Köln",
            "region": "NRW",
            "country": "DE",
            **fields,
        }
    )


def a_history_entry(**fields: Any) -> HistoryEntry:
    return HistoryEntry(
        **{
            "source": OrderStatus.CONFIRMED,
            "target": OrderStatus.ON_HOLD,
            "trigger": "hold",
            "actor_id": CUSTOMER,
            "role": Role.OPERATOR,
            "reason": "material",
            "at": minutes(20),
            **fields,
        }
    )


def an_order(**fields: Any) -> Order:
    """The order with the id `ORDER`; see `another_order` for more of them."""
    return Order(
        **{
            "id": ORDER,
            "number": "PAP-2026-000001",
            "user_id": CUSTOMER,
            "status": OrderStatus.ON_HOLD,
            "lines": (a_line(id=LINE), a_line(crop=None, print_file=None, print_failure=None)),
            "ship_to": an_address(),
            "shipping_method": "express",
            "amounts": OrderAmounts(
                items=euros("12.01"),
                shipping=euros("4.90"),
                discount=euros("1.11"),
                tax=euros("2.52"),
                total=euros("15.80"),
            ),
            "quote_hash": "0123-quote",
            "idempotency_key": "order-key-1",
            "request_digest": "digest-of-order",
            "created_at": minutes(11),
            "updated_at": minutes(12),
            "expires_at": minutes(13),
            "edit_until": minutes(14),
            "claims_until": minutes(15),
            "hold_reason": HoldReason.MATERIAL,
            "shipments": (a_shipment(), a_shipment(tracking_number=None, tracking_url=None)),
            "history": (a_history_entry(source=None, at=minutes(19)), a_history_entry()),
            "version": 4,
            **fields,
        }
    )


def another_order(**fields: Any) -> Order:
    """An order whose id, number and key nobody else has."""
    number = new_id()
    tail = number.hex[-12:]
    own = {"id": OrderId(number), "number": f"PAP-{tail}", "idempotency_key": tail, "lines": (a_line(),)}
    return an_order(**{**own, **fields})


def a_batch(**fields: Any) -> Batch:
    return Batch(
        **{
            "id": BatchId(new_id()),
            "created_by": CUSTOMER,
            "created_at": minutes(16),
            "lines": ((ORDER, LINE), (OrderId(new_id()), LineId(new_id()))),
            **fields,
        }
    )


def an_attempt(**fields: Any) -> Attempt:
    return Attempt(
        **{
            "id": AttemptId(new_id()),
            "provider": Provider.PAYPAL,
            "livemode": True,
            "expected": euros("15.80"),
            "manual_capture": True,
            "state": AttemptState.AUTHORIZED,
            "client_key": "client-key",
            "request_digest": "digest-of-attempt",
            "return_url": "https://shop.example/return",
            "cancel_url": "https://shop.example/cancel",
            "locale": "de",
            "ref": f"checkout-{new_id().hex}",
            "redirect_url": "https://provider.example/pay",
            "expires_at": minutes(22),
            "created_at": minutes(21),
            "last_ticket": 8,
            "other_refs": (f"{new_id().hex}-intent", f"{new_id().hex}-charge"),
            **fields,
        }
    )


def an_operation(**fields: Any) -> Operation:
    return Operation(
        **{
            "id": OperationId(new_id()),
            "attempt_id": ATTEMPT,
            "kind": OperationKind.REFUND,
            "amount": euros("3.30"),
            "state": OperationState.UNKNOWN,
            "capture_ref": "capture-1",
            "provider_ref": "refund-1",
            "reason": "order-cancelled",
            "requested_by": UserId(new_id()),
            "client_key": f"{new_id().hex}-key",
            "request_digest": "digest-of-refund",
            "outcome_code": "timeout",
            "provider_request_id": "req_refund_1",
            "sends": 2,
            "created_at": minutes(23),
            "leased_until": minutes(25),
            "first_sent_at": minutes(24),
            **fields,
        }
    )


def a_transaction(**fields: Any) -> Transaction:
    return Transaction(
        **{
            "type": TransactionType.REFUND_SUCCEEDED,
            "attempt_id": ATTEMPT,
            "provider": Provider.PAYPAL,
            "livemode": True,
            "ref": f"movement-{new_id().hex}",
            "amount": Money.of("3300", "JPY"),
            "source": Source.POLLER,
            "capture_ref": "capture-1",
            "operation_id": OperationId(new_id()),
            "occurred_at": minutes(26),
            "recorded_at": minutes(27),
            "postings": (
                Posting(debit="order_obligation", credit="refunds_payable", amount=Money.of("3300", "JPY")),
                Posting(debit="refunds_payable", credit="psp_clearing:paypal", amount=Money.of("1", "JPY")),
            ),
            **fields,
        }
    )


def a_dispute(**fields: Any) -> Dispute:
    return Dispute(
        **{
            "ref": f"{new_id().hex}-dispute",
            "attempt_id": ATTEMPT,
            "capture_ref": "capture-1",
            "amount": euros("3.10"),
            "state": DisputeState.LOST,
            "reason": "fraudulent",
            "evidence_due_at": minutes(60 * 24 * 7),
            "opened_at": minutes(26),
            **fields,
        }
    )


def a_payment(**fields: Any) -> Payment:
    """The payment of `an_order()`."""
    return Payment(
        **{
            "id": PaymentId(new_id()),
            "order_id": ORDER,
            "user_id": CUSTOMER,
            "due": euros("15.80"),
            "created_at": minutes(20),
            "sync_ticket": 9,
            "attempts": (an_attempt(id=ATTEMPT), an_attempt(ref=None, redirect_url=None)),
            "operations": (an_operation(), an_operation(capture_ref=None, kind=OperationKind.VOID)),
            "transactions": (
                a_transaction(type=TransactionType.CAPTURE),
                a_transaction(operation_id=None),
                a_transaction(type=TransactionType.DUE, attempt_id=None, provider=None, postings=()),
            ),
            "disputes": (a_dispute(), a_dispute(evidence_due_at=None)),
            "review_reasons": ("capture-amount:x", "refund-failed:y"),
            "version": 5,
            **fields,
        }
    )


def an_inbox_entry(**fields: Any) -> InboxEntry:
    return InboxEntry(
        **{
            "provider": Provider.STRIPE,
            "livemode": True,
            "event_id": f"evt_{new_id().hex}",
            "type": "checkout.session.completed",
            "delivery_id": f"delivery-{new_id().hex}",
            "ref": "cs_live_1",
            "warning": "fraud",
            "body_sha256": "e" * 64,
            "received_at": minutes(28),
            "state": InboxState.IGNORED,
            "altered_at": minutes(29),
            **fields,
        }
    )


def a_finding(**fields: Any) -> Finding:
    """A difference, closed by a colleague."""
    return Finding(
        **{
            "id": FindingId(new_id()),
            "run_id": new_id(),
            "provider": Provider.STRIPE,
            "livemode": True,
            "kind": FindingKind.AMOUNT,
            "movement": "capture",
            "ref": f"ch_{new_id().hex}",
            "theirs": euros("12.90"),
            "ours": euros("12.80"),
            "payment_id": PaymentId(new_id()),
            "occurred_at": minutes(40),
            "found_at": minutes(41),
            "state": FindingState.CLOSED,
            "closed_at": minutes(42),
            "closed_by": UserId(new_id()),
            "note": "Asked them",
            **fields,
        }
    )


def a_treasury_entry(**fields: Any) -> TreasuryEntry:
    """A payout of the live PayPal account."""
    size = fields.pop("size", euros("250.00"))
    return TreasuryEntry(
        **{
            "id": TreasuryEntryId(new_id()),
            "provider": Provider.PAYPAL,
            "livemode": True,
            "type": TreasuryType.PAYOUT,
            "ref": f"line_{new_id().hex}",
            "about": f"po_{new_id().hex}",
            "posting": Posting(debit="bank_in_transit", credit="psp_clearing:paypal", amount=size),
            "occurred_at": minutes(50),
            "recorded_at": minutes(51),
            **fields,
        }
    )


def a_retained_invoice(**fields: Any) -> RetainedInvoice:
    """The invoice of `an_order()`, sealed."""
    return RetainedInvoice(
        **{
            "order_id": ORDER,
            "number": "PAP-2026-000001",
            "issued_at": minutes(21),
            "keep_until": minutes(60 * 24 * 3000),
            "document_sealed": "s1.kid.sealed",
            **fields,
        }
    )


def a_notification(**fields: Any) -> Notification:
    return Notification(
        **{
            "id": NotificationId(new_id()),
            "kind": NotificationKind.SHIPPED,
            "subject_id": f"shipment:{new_id()}",
            "user_id": CUSTOMER,
            "created_at": minutes(41),
            "sent_at": minutes(42),
            "version": 1,
            **fields,
        }
    )


def an_audit_event(**fields: Any) -> AuditEvent:
    return AuditEvent(
        **{
            "at": NOON,
            "action": AuditAction.LOGGED_IN,
            "actor_id": UserId(new_id()),
            "subject_id": CUSTOMER,
            "session_id": SessionId(new_id()),
            "api_key_id": ApiKeyId(new_id()),
            "caller": Caller(address="203.0.113.77", device="Firefox on Windows", request_id="req-1"),
            "details": {"method": "password", "ünder": "\u2028"},
            **fields,
        }
    )
