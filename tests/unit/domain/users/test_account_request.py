"""Requests that a mailed token confirms."""

from __future__ import annotations

from datetime import timedelta

import pytest

from printapic.domain.users.account_request import RequestKind
from printapic.domain.users.user import TokenInvalid
from tests import builders as b

HOUR = timedelta(hours=1)


def test_a_request_is_redeemed_once_for_what_it_is_and_in_time() -> None:
    request = b.an_account_request(kind=RequestKind.EMAIL_CHANGE, used_at=None, expires_at=b.NOON + HOUR)
    for kind, late in ((RequestKind.PASSWORD_RESET, 0 * HOUR), (RequestKind.EMAIL_CHANGE, HOUR)):
        with pytest.raises(TokenInvalid):
            request.redeem(kind, at=b.NOON + late)
    assert request.redeem(RequestKind.EMAIL_CHANGE, at=b.NOON) == request.user_id
    with pytest.raises(TokenInvalid):
        request.redeem(RequestKind.EMAIL_CHANGE, at=b.NOON)


def test_what_is_withdrawn_is_over_and_keeps_the_time_of_its_use() -> None:
    request = b.an_account_request(used_at=None)
    request.withdraw(at=b.NOON)
    request.withdraw(at=b.NOON + HOUR)
    assert request.used_at == b.NOON
    assert not request.open(at=b.NOON)
