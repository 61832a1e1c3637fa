"""How PayPal says no: a name for the kind, and for each detail an issue that stays the same for years.

The sentences that PayPal adds for people (`message`, `description`) may change any day and are left out.
"""

from __future__ import annotations

from typing import Any

import attrs

_PAGE = "https://www.paypal.com/checkoutnow?token="
_NAMES = {
    400: "INVALID_REQUEST",
    401: "AUTHENTICATION_FAILURE",
    403: "NOT_AUTHORIZED",
    404: "RESOURCE_NOT_FOUND",
    409: "RESOURCE_CONFLICT",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "UNPROCESSABLE_ENTITY",
    429: "RATE_LIMIT_REACHED",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVICE_UNAVAILABLE",
}


@attrs.define
class Refusal(Exception):
    """Nothing was done. `field` is a JSON pointer into the request; `page` where the customer must go."""

    status: int
    issue: str | None = None
    field: str | None = None
    page: str | None = None

    def body(self, debug_id: str, *, wordy: bool = False) -> dict[str, Any]:
        """`wordy` where the contract demands a sentence and leaves its wording open."""
        body: dict[str, Any] = {"name": _NAMES[self.status], "debug_id": debug_id}
        if wordy or self.status == 429:
            body["message"] = "The simulator would rather not."
        if self.issue is not None:
            detail = {"issue": self.issue} | ({} if self.field is None else {"field": self.field})
            body["details"] = [detail]
            where = f"https://developer.paypal.com/api/rest/reference/errors/#{self.issue}"
            body["links"] = [{"href": where, "rel": "information_link", "method": "GET"}]
            if self.page is not None:
                body["links"].append({"href": self.page, "rel": "redirect", "method": "GET"})
        return body


def bad_request(issue: str, field: str | None = None) -> Refusal:
    """The request itself is malformed."""
    return Refusal(400, issue, field)


def refused(issue: str, field: str | None = None) -> Refusal:
    """Well-formed, but not now, or not with this amount."""
    return Refusal(422, issue, field)


def back_to_page(issue: str, order_id: str) -> Refusal:
    """Only the customer can go on, on PayPal's page."""
    return Refusal(422, issue, page=_PAGE + order_id)


def not_found() -> Refusal:
    return Refusal(404, "INVALID_RESOURCE_ID")


def still_busy() -> Refusal:
    return Refusal(409, "PREVIOUS_REQUEST_IN_PROGRESS")
