"""What comparing the books with the providers' found, for staff: to be looked at, and closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from litestar import Controller, Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from printapic.application.ports.bookkeeping import FindingQuery
from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.ids import FindingId
from printapic.domain.payments.attempt import Provider
from printapic.domain.payments.finding import Finding, FindingState
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.amounts import Amount, amount
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.order_commands import Reason
from printapic.entrypoints.http.pages import DEFAULT_LIMIT, Cursor, Limit, Page, id_of, page
from printapic.entrypoints.http.payment_staff import staff_of
from printapic.entrypoints.http.policies import allow

State = Annotated[FindingState | None, QueryParameter(description="Findings in this state.")]
From = Annotated[Provider | None, QueryParameter(description="Findings about one provider.")]


class CloseFindingRequest(RequestBody, kw_only=True):
    reason: Reason

    example: ClassVar[Mapping[str, object]] = {"reason": "They booked it twice and took it back"}


class FindingBody(ResponseBody, kw_only=True):
    """`theirs` and `ours` are signed as our account at the provider sees them; null where one has nothing.

    A closed one without `closed_by` was closed by a later comparison that found the difference gone.
    """

    id: UUID
    provider: str
    livemode: bool
    kind: str
    movement: str
    ref: str
    theirs: Amount | None
    ours: Amount | None
    payment_id: UUID | None
    occurred_at: datetime
    found_at: datetime
    status: str
    closed_at: datetime | None
    closed_by: UUID | None
    note: str | None


def _finding(finding: Finding) -> FindingBody:
    return FindingBody(
        id=finding.id,
        provider=finding.provider.value,
        livemode=finding.livemode,
        kind=finding.kind.value,
        movement=finding.movement,
        ref=finding.ref,
        theirs=None if finding.theirs is None else amount(finding.theirs),
        ours=None if finding.ours is None else amount(finding.ours),
        payment_id=finding.payment_id,
        occurred_at=finding.occurred_at,
        found_at=finding.found_at,
        status=finding.state.value,
        closed_at=finding.closed_at,
        closed_by=finding.closed_by,
        note=finding.note,
    )


def _id(finding: Finding) -> UUID:
    return finding.id


class PaymentFindingController(Controller):
    path = "/v1/payment-findings"
    tags = ("payments",)

    @get(
        operation_id="list_findings",
        summary="List where the providers' books and ours differ, newest first",
        opt=allow(Permission.PAYMENT_READ, problems=(422,)),
        sync_to_thread=True,
    )
    def all(
        self,
        request: Request[Any, Any, Any],
        shop: Given[Shop],
        *,
        status: State = None,
        provider: From = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[FindingBody]:
        before = id_of(cursor, request)
        found = shop.list_findings(
            query=FindingQuery(state=status, provider=provider),
            before=FindingId(before) if before else None,
            limit=limit + 1,
        )
        return page(found, limit, request, show=_finding, key=_id)

    @post(
        "/{finding_id:uuid}/close",
        operation_id="close_finding",
        summary="Say that a difference is all right; it comes back if the books still differ",
        status_code=200,
        opt=allow(Permission.PAYMENT_WRITE, problems=(404, 409, 422)),
        sync_to_thread=True,
    )
    def close(
        self,
        finding_id: FromPath[UUID],
        data: JSONBody[CloseFindingRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
    ) -> FindingBody:
        staff = staff_of(principal, caller)
        return _finding(shop.close_finding(finding_id=FindingId(finding_id), reason=data.reason, staff=staff))
