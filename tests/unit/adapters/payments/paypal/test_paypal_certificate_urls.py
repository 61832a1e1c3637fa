"""Where a certificate may be fetched from: PayPal's own addresses, letter by letter, and no other (W10)."""

from __future__ import annotations

import pytest

from tests.unit.adapters.payments.paypal.authority import Letter
from tests.unit.adapters.payments.paypal.recipient import Recipient

PATH = "/v1/notifications/certs/CERT-1"
GOOD = "https://api.paypal.com" + PATH

BYPASSES = [
    # another host, by every trick that a parser, a resolver or a careless test falls for
    "https://example.com" + PATH,
    "https://paypal.com" + PATH,
    "https://www.paypal.com" + PATH,
    "https://evil.paypal.com" + PATH,
    "https://api.paypal.com.example.com" + PATH,
    "https://apixpaypal.com" + PATH,
    "https://api.paypal.com.evil" + PATH,
    "https://api-paypal.com" + PATH,
    "https://evilapi.paypal.com" + PATH,
    "https://evil.api.paypal.com" + PATH,
    "https://api.paypal.co" + PATH,
    "https://api.paypal.com." + PATH,
    "https://.api.paypal.com" + PATH,
    "https://api..paypal.com" + PATH,
    "https://api.sandbox.paypal.com" + PATH,
    "https://api-m.sandbox.paypal.com" + PATH,
    "https://objects.paypal.cn" + PATH,
    "https://127.0.0.1" + PATH,
    "https://[::1]" + PATH,
    "https://2130706433" + PATH,
    "https://localhost" + PATH,
    "https://169.254.169.254" + PATH,
    "https://API.PAYPAL.COM" + PATH,
    "https://api.paypal.com\N{FULLWIDTH FULL STOP}example.com" + PATH,
    "https://api\N{IDEOGRAPHIC FULL STOP}paypal.com" + PATH,
    "https://\N{CYRILLIC SMALL LETTER A}pi.paypal.com" + PATH,
    "https://xn--pi-7kc.paypal.com" + PATH,
    "https://api.paypal.com\N{SOFT HYPHEN}" + PATH,
    "https://api.paypal.com\N{ZERO WIDTH SPACE}.example.com" + PATH,
    # credentials, ports, fragments, queries
    "https://api.paypal.com@example.com" + PATH,
    "https://api.paypal.com:443@example.com" + PATH,
    "https://user@api.paypal.com" + PATH,
    "https://user:pass@api.paypal.com" + PATH,
    "https://api.paypal.com:443" + PATH,
    "https://api.paypal.com:8443" + PATH,
    "https://api.paypal.com:" + PATH,
    "https://example.com#@api.paypal.com" + PATH,
    "https://example.com?@api.paypal.com" + PATH,
    "https://example.com?https://api.paypal.com" + PATH,
    "https://example.com#https://api.paypal.com" + PATH,
    GOOD + "?",
    GOOD + "?a=b",
    GOOD + "#",
    GOOD + "#fragment",
    GOOD + ";a=b",
    # back slashes, encodings, white space, ends of lines
    "https://api.paypal.com\\@example.com" + PATH,
    "https://example.com\\.api.paypal.com" + PATH,
    "https://example.com\\api.paypal.com" + PATH,
    "https:\\\\api.paypal.com" + PATH,
    "https://api.paypal.com\\v1\\notifications\\certs\\CERT-1",
    "https://api.paypal.com%2eexample.com" + PATH,
    "https://api.paypal.com%00.example.com" + PATH,
    "https://%61pi.paypal.com" + PATH,
    "https://api.paypal.com/v1/notifications/certs/%2e%2e%2fCERT-1",
    "https://api.paypal.com/v1/notifications/certs/CERT%2d1",
    " " + GOOD,
    GOOD + " ",
    GOOD + "\n",
    GOOD + "\r\nHost: example.com",
    GOOD + "\0",
    GOOD + "\t",
    "https://api.paypal.com\t.example.com" + PATH,
    "https://api.paypal.com\n.example.com" + PATH,
    "https://api.paypal.com/v1/notifications/certs/CERT 1",
    # another scheme
    "http://api.paypal.com" + PATH,
    "HTTPS://api.paypal.com" + PATH,
    "ftp://api.paypal.com" + PATH,
    "file:///v1/notifications/certs/CERT-1",
    "data:application/x-pem-file;base64,AAAA",
    "javascript:alert(1)",
    "//api.paypal.com" + PATH,
    "https:api.paypal.com" + PATH,
    "https:/api.paypal.com" + PATH,
    "https:///api.paypal.com" + PATH,
    "https://https://api.paypal.com" + PATH,
    "api.paypal.com" + PATH,
    "httpsx://api.paypal.com" + PATH,
    # another path
    "https://api.paypal.com",
    "https://api.paypal.com/",
    "https://api.paypal.com/v1/notifications/certs",
    "https://api.paypal.com/v1/notifications/certs/",
    "https://api.paypal.com/v1/notifications/certs//CERT-1",
    "https://api.paypal.com//v1/notifications/certs/CERT-1",
    "https://api.paypal.com/v1/notifications/certs/CERT-1/",
    "https://api.paypal.com/v1/notifications/certs/../../../evil",
    "https://api.paypal.com/v1/notifications/certs/..",
    "https://api.paypal.com/v1/notifications/certs/.",
    "https://api.paypal.com/v1/notifications/certs/a.pem",
    "https://api.paypal.com/v1/notifications/certs/a/b",
    "https://api.paypal.com/v1/notifications/other/CERT-1",
    "https://api.paypal.com/V1/notifications/certs/CERT-1",
    "https://api.paypal.com/v2/notifications/certs/CERT-1",
    "https://api.paypal.com/evil/v1/notifications/certs/CERT-1",
    "https://api.paypal.com/v1/notifications/certs/C\N{LATIN SMALL LETTER E WITH ACUTE}RT",
    "https://api.paypal.com/v1/notifications/certs/CERT-\N{ARABIC-INDIC DIGIT ONE}",
    "https://api.paypal.com/v1/notifications/certs/" + "a" * 129,
    "https://api.paypal.com/v1/notifications/certs/" + "a" * 500,
    "https://api.paypal.com/v1/notifications/certs/" + "a" * 100_000,
    # two at once, or nothing
    f"{GOOD},{GOOD}",
    f"{GOOD} {GOOD}",
    f"<{GOOD}>",
    f'"{GOOD}"',
    "",
    "null",
    "https://",
    "\udcff",
]


def test_w10_the_list_is_long_and_says_nothing_twice() -> None:
    assert len(set(BYPASSES)) == len(BYPASSES) >= 100


@pytest.mark.parametrize("url", BYPASSES, ids=lambda url: ascii(url[:60]))
def test_w10_nothing_is_fetched_from_anywhere_else(url: str) -> None:
    """Signed as PayPal would sign it, with a certificate that would be good: the address alone is wrong."""
    recipient = Recipient(url=url, opinion=True)
    assert recipient.refuses(Letter(url=url).delivery())
    assert recipient.downloads == []


@pytest.mark.parametrize(
    ("url", "livemode"),
    [
        (GOOD, True),
        ("https://api-m.paypal.com" + PATH, True),
        ("https://api.paypal.com/v1/notifications/certs/" + "a" * 128, True),
        ("https://api.paypal.com/v1/notifications/certs/_-9", True),
        ("https://api.sandbox.paypal.com" + PATH, False),
        ("https://api-m.sandbox.paypal.com" + PATH, False),
    ],
)
def test_w10_paypals_own_addresses_are_asked(url: str, livemode: bool) -> None:
    recipient = Recipient(url=url, livemode=livemode)
    delivery = Letter(url=url).delivery()
    if livemode:
        assert recipient.takes(delivery).ref
    else:
        assert recipient.refuses(delivery)  # the live name does not sign for the sandbox
    assert recipient.downloads == [url]
