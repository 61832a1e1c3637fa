"""Every address that the shop may ask, and what answers it."""

from __future__ import annotations

from tests.providers.books import Json
from tests.providers.paypal import authorizations, disputes, orders, refunds, reporting
from tests.providers.paypal.exchange import (
    ORDERS_KEPT_FOR,
    PAYMENTS_KEPT_FOR,
    Exchange,
    Handler,
    keeping_key,
)
from tests.providers.paypal.records import Authorization, Capture, Dispute, Order, Refund
from tests.providers.paypal.representations import (
    authorization_body,
    capture_body,
    minimal,
    order_body,
    refund_body,
)
from tests.providers.routes import Routes


def _create_order(exchange: Exchange) -> str:
    return orders.create(exchange.desk, exchange.body, has_key=exchange.key is not None).id


def _capture_order(exchange: Exchange) -> str:
    return orders.capture(exchange.desk, exchange.args["order"]).id


def _authorize_order(exchange: Exchange) -> str:
    return orders.authorize(exchange.desk, exchange.args["order"]).id


def _capture(exchange: Exchange) -> str:
    return authorizations.capture(exchange.desk, exchange.args["authorization"], exchange.body).id


def _refund(exchange: Exchange) -> str:
    pends = bool(exchange.desk.entry.setting(refunds.PENDING_FROM_NOW_ON))
    return refunds.give_back(exchange.desk, exchange.args["capture"], exchange.body, pends=pends).id


def _sized(exchange: Exchange, status: int, body: Json) -> tuple[int, Json]:
    return status, body if exchange.whole else minimal(body)


def _new_order(exchange: Exchange, order_id: str) -> tuple[int, Json]:
    order = exchange.desk.look_up(Order, order_id)
    return _sized(exchange, 200 if order.wallet else 201, order_body(exchange.desk, order))


def _completed_order(exchange: Exchange, order_id: str) -> tuple[int, Json]:
    order = exchange.desk.look_up(Order, order_id)
    return _sized(exchange, 201, order_body(exchange.desk, order))


def _new_capture(exchange: Exchange, capture_id: str) -> tuple[int, Json]:
    capture = exchange.desk.look_up(Capture, capture_id)
    return _sized(exchange, 201, capture_body(exchange.desk, capture))


def _new_refund(exchange: Exchange, refund_id: str) -> tuple[int, Json]:
    return _sized(exchange, 201, refund_body(exchange.desk, exchange.desk.look_up(Refund, refund_id)))


def _show_order(exchange: Exchange) -> tuple[int, Json]:
    return 200, order_body(exchange.desk, exchange.desk.look_up(Order, exchange.args["order"]))


def _show_authorization(exchange: Exchange) -> tuple[int, Json]:
    held = exchange.desk.look_up(Authorization, exchange.args["authorization"])
    authorizations.lapse(exchange.desk, held)
    return 200, authorization_body(exchange.desk, held)


def _void(exchange: Exchange) -> tuple[int, Json | None]:
    held = authorizations.void(exchange.desk, exchange.args["authorization"])
    return (200, authorization_body(exchange.desk, held)) if exchange.whole else (204, None)


def _show_capture(exchange: Exchange) -> tuple[int, Json]:
    return 200, capture_body(exchange.desk, exchange.desk.look_up(Capture, exchange.args["capture"]))


def _show_refund(exchange: Exchange) -> tuple[int, Json]:
    return 200, refund_body(exchange.desk, exchange.desk.look_up(Refund, exchange.args["refund"]))


def _show_dispute(exchange: Exchange) -> tuple[int, Json]:
    dispute = exchange.desk.look_up(Dispute, exchange.args["dispute"])
    return 200, disputes.dispute_body(exchange.desk, dispute)


def _list_disputes(exchange: Exchange) -> tuple[int, Json]:
    return 200, disputes.page(exchange.desk, exchange.query)


def _report(exchange: Exchange) -> tuple[int, Json]:
    return 200, reporting.report(exchange.desk, exchange.query)


_ORDERS, _PAYMENTS = "/v2/checkout/orders", "/v2/payments"
_NEW_ORDER = keeping_key("order", act=_create_order, show=_new_order, kept_for=ORDERS_KEPT_FOR, again=200)
_CAPTURED = keeping_key(
    "order capture", act=_capture_order, show=_completed_order, kept_for=ORDERS_KEPT_FOR, again=200
)
_AUTHORIZED = keeping_key(
    "order authorize", act=_authorize_order, show=_completed_order, kept_for=ORDERS_KEPT_FOR, again=200
)
_NEW_CAPTURE = keeping_key("capture", act=_capture, show=_new_capture, kept_for=PAYMENTS_KEPT_FOR, again=201)
_NEW_REFUND = keeping_key("refund", act=_refund, show=_new_refund, kept_for=PAYMENTS_KEPT_FOR, again=201)
ROUTES: Routes[Handler] = Routes(
    [
        ("POST", _ORDERS, _NEW_ORDER),
        ("GET", f"{_ORDERS}/{{order}}", _show_order),
        ("POST", f"{_ORDERS}/{{order}}/capture", _CAPTURED),
        ("POST", f"{_ORDERS}/{{order}}/authorize", _AUTHORIZED),
        ("GET", f"{_PAYMENTS}/authorizations/{{authorization}}", _show_authorization),
        ("POST", f"{_PAYMENTS}/authorizations/{{authorization}}/capture", _NEW_CAPTURE),
        ("POST", f"{_PAYMENTS}/authorizations/{{authorization}}/void", _void),
        ("GET", f"{_PAYMENTS}/captures/{{capture}}", _show_capture),
        ("POST", f"{_PAYMENTS}/captures/{{capture}}/refund", _NEW_REFUND),
        ("GET", f"{_PAYMENTS}/refunds/{{refund}}", _show_refund),
        ("GET", "/v1/customer/disputes", _list_disputes),
        ("GET", "/v1/customer/disputes/{dispute}", _show_dispute),
        ("GET", "/v1/reporting/transactions", _report),
    ]
)
