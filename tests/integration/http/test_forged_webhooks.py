"""News that somebody forged, sent over HTTP (W1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from printapic.domain.payments.attempt import Provider
from tests.integration.http.forged_webhooks import besiege, besieged_shop


def test_w1_of_hundreds_of_forgeries_that_come_over_http_none_is_taken(tmp_path: Path, log: object) -> None:
    with besieged_shop(tmp_path) as town:
        for provider in (Provider.STRIPE, Provider.PAYPAL):
            assert besiege(town, provider, 200, seed=2026)[400] > 150


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("provider", [Provider.STRIPE, Provider.PAYPAL], ids=str)
def test_w1_of_ten_thousand_forgeries_that_come_over_http_none_is_taken(
    tmp_path: Path, log: object, provider: Provider
) -> None:
    with besieged_shop(tmp_path) as town:
        print(besiege(town, provider, 10_000, seed=1))
