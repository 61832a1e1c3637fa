"""What every writer of mails does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printapic.adapters.notifications.templates import JinjaMailTemplates
from printapic.application.ports.notifications import MailTemplates
from printapic.domain.notifications.notification import NotificationKind
from printapic.domain.users.user import Locale

WRITERS: dict[str, Callable[[], MailTemplates]] = {"jinja": JinjaMailTemplates}
AFTERNOON = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
TOKEN = "mail-token-of-43-characters-abcdefghijklmno"
TOKEN_KINDS = [
    NotificationKind.VERIFY_EMAIL,
    NotificationKind.PASSWORD_RESET,
    NotificationKind.CHANGE_EMAIL,
    NotificationKind.EMAIL_CHANGE_NOTICE,
]
WARNINGS = [
    NotificationKind.PASSWORD_CHANGED,
    NotificationKind.EMAIL_CHANGED,
    NotificationKind.SESSION_COMPROMISED,
    NotificationKind.MFA_ENABLED,
    NotificationKind.MFA_DISABLED,
    NotificationKind.MFA_RESET_REQUESTED,
    NotificationKind.RECOVERY_CODE_USED,
    NotificationKind.ROLES_CHANGED,
    NotificationKind.ACCOUNT_DISABLED,
    NotificationKind.ACCOUNT_ENABLED,
    NotificationKind.ERASURE_REQUESTED,
    NotificationKind.API_KEY_ISSUED,
]
ACCOUNT_KINDS = [*TOKEN_KINDS, *WARNINGS, NotificationKind.ACCOUNT_EXISTS]
ORDER_KINDS = [kind for kind in NotificationKind if kind not in ACCOUNT_KINDS]
ORDER: dict[str, object] = {
    "customer_name": "Anna Arendt",
    "order_number": "PA-7K3M-92QX",
    "order_url": "https://shop.example/orders/1?a=1&b=2",
    "lines": [
        {"name": "Print 10x15 glossy", "quantity": 12, "line_total": "2.40 EUR", "thumbnail_cid": "photo-1"},
        {"name": "Poster 50x70", "quantity": 1, "line_total": "29.90 EUR", "thumbnail_cid": None},
    ],
    "items_total": "32.30 EUR",
    "shipping": "4.90 EUR",
    "tax": "5.94 EUR",
    "total": "37.20 EUR",
    "ship_to": ["Anna Arendt", "Hauptstraße 1", "12345 Berlin", "DE"],
}
SPECIAL: dict[NotificationKind, dict[str, object]] = {
    **{
        kind: {
            "link": f"https://shop.example/account#token={TOKEN}",
            "token": TOKEN,
            "expires_at": AFTERNOON,
        }
        for kind in TOKEN_KINDS
    },
    **{kind: {"happened_at": AFTERNOON} for kind in WARNINGS},
    NotificationKind.MFA_RESET_REQUESTED: {"due_at": AFTERNOON},
    NotificationKind.ORDER_PLACED: {"pay_until": AFTERNOON},
    NotificationKind.PAYMENT_RECEIVED: {"edit_until": AFTERNOON},
    NotificationKind.SHIPPED: {
        "carrier": "DHL",
        "tracking_number": "0034-0401",
        "tracking_url": "https://track.example/?id=1&lang=de",
    },
    NotificationKind.REFUNDED: {"amount": "12.90 EUR"},
}
MONTHS = {"en": "5 March 2026, 14:30 UTC", "de": "5. März 2026, 14:30 Uhr (UTC)"}


def values_for(kind: NotificationKind, **others: object) -> dict[str, object]:
    about_an_order = {} if kind in ACCOUNT_KINDS else ORDER
    return {"shop_name": "Fotoladen", **about_an_order, **SPECIAL.get(kind, {}), **others}


class Page(HTMLParser):
    """What a mail program makes of the HTML: tags that match, the words, links and pictures."""

    VOID = frozenset({"meta", "img", "br", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words += data

    def all(self, tag: str, attribute: str) -> list[str | None]:
        return [
            attributes[attribute] for name, attributes in self.tags if name == tag and attribute in attributes
        ]


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module", params=WRITERS)
def templates(request: pytest.FixtureRequest) -> MailTemplates:
    return WRITERS[request.param]()


@pytest.fixture(params=Locale, ids=str)
def locale(request: pytest.FixtureRequest) -> Locale:
    return Locale(request.param)


@pytest.fixture(params=NotificationKind, ids=str)
def kind(request: pytest.FixtureRequest) -> NotificationKind:
    return NotificationKind(request.param)


@pytest.fixture(params=ORDER_KINDS, ids=str)
def order_kind(request: pytest.FixtureRequest) -> NotificationKind:
    return NotificationKind(request.param)


def test_every_mail_has_a_subject_a_text_and_a_page(
    templates: MailTemplates, kind: NotificationKind, locale: Locale
) -> None:
    content = templates.render(kind, locale, values_for(kind))
    page = Page(content.html)
    assert 10 <= len(content.subject) <= 78
    assert content.subject == squeezed(content.subject)
    assert "Fotoladen" in content.text
    assert "Fotoladen" in page.words
    assert page.all("html", "lang") == [locale.value]
    for part in (content.subject, content.text, page.words):
        assert not re.search(r"[{}]|\bNone\b|Undefined", part)


def test_both_parts_say_the_same(templates: MailTemplates, kind: NotificationKind, locale: Locale) -> None:
    """Every paragraph of the text that stands above the bill stands in the page too."""
    content = templates.render(kind, locale, values_for(kind))
    words = squeezed(Page(content.html).words)
    paragraphs = [squeezed(paragraph) for paragraph in content.text.split("\n\n")]
    links = [paragraph for paragraph in paragraphs if "https://" in paragraph]
    said = [paragraph for paragraph in paragraphs[:5] if paragraph not in links]
    assert len(said) >= 3
    for paragraph in said[:3]:
        assert paragraph in words


def test_the_languages_differ(templates: MailTemplates, kind: NotificationKind) -> None:
    english, german = (templates.render(kind, locale, values_for(kind)) for locale in (Locale.EN, Locale.DE))
    assert english.subject != german.subject
    assert not set(english.text.split("\n\n")[:2]) & set(german.text.split("\n\n")[:2])


def test_no_two_kinds_have_the_same_subject(templates: MailTemplates, locale: Locale) -> None:
    subjects = {templates.render(kind, locale, values_for(kind)).subject for kind in NotificationKind}
    assert len(subjects) == len(NotificationKind)


def test_a_mail_about_an_order_says_what_was_ordered(
    templates: MailTemplates, order_kind: NotificationKind, locale: Locale
) -> None:
    content = templates.render(order_kind, locale, values_for(order_kind))
    comma = "," if locale is Locale.DE else "."
    assert "PA-7K3M-92QX" in content.subject
    for part in (content.text, Page(content.html).words):
        for word in ("Anna Arendt", "PA-7K3M-92QX", "Print 10x15 glossy", "Poster 50x70", "Hauptstraße 1"):
            assert word in part
        for amount in ("2.40", "29.90", "32.30", "4.90", "5.94", "37.20"):
            assert amount.replace(".", comma) + " EUR" in part
    assert re.search(r"^12 x Print 10x15 glossy +2[.,]40 EUR$", content.text, re.MULTILINE)


def test_the_page_shows_the_photos_that_travel_with_it_and_no_others(
    templates: MailTemplates, order_kind: NotificationKind, locale: Locale
) -> None:
    page = Page(templates.render(order_kind, locale, values_for(order_kind)).html)
    assert page.all("img", "src") == ["cid:photo-1"]


def test_opening_a_mail_asks_nobody_for_anything(
    templates: MailTemplates, kind: NotificationKind, locale: Locale
) -> None:
    html = templates.render(kind, locale, values_for(kind)).html
    page = Page(html)
    assert all(str(source).startswith("cid:") for source in page.all("img", "src"))
    assert {tag for tag, _ in page.tags} <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "div",
            "table",
            "tr",
            "td",
            "h1",
            "p",
            "a",
            "img",
        ),
        *("br", "span"),
    }
    assert not re.search(r"url\(|@import|background=", html)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (NotificationKind.ORDER_PLACED, "https://shop.example/orders/1?a=1&b=2"),
        (NotificationKind.SHIPPED, "https://track.example/?id=1&lang=de"),
        *((kind, f"https://shop.example/account#token={TOKEN}") for kind in TOKEN_KINDS),
    ],
)
def test_the_one_link_leads_where_it_should(
    templates: MailTemplates, kind: NotificationKind, locale: Locale, expected: str
) -> None:
    content = templates.render(kind, locale, values_for(kind))
    assert Page(content.html).all("a", "href") == [expected]
    assert expected in content.text.splitlines()


def test_a_parcel_without_tracking_leads_to_the_order(templates: MailTemplates, locale: Locale) -> None:
    content = templates.render(
        NotificationKind.SHIPPED, locale, values_for(NotificationKind.SHIPPED, tracking_url=None)
    )
    assert Page(content.html).all("a", "href") == ["https://shop.example/orders/1?a=1&b=2"]


def test_a_shop_without_a_web_front_end_sends_no_links(
    templates: MailTemplates, kind: NotificationKind, locale: Locale
) -> None:
    nowhere = {"order_url": "", "link": "", "tracking_url": None}
    content = templates.render(kind, locale, values_for(kind) | nowhere)
    assert Page(content.html).all("a", "href") == []
    assert "http" not in content.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc", "//evil.example", "x"]
)
def test_only_web_links_become_links(templates: MailTemplates, kind: NotificationKind, url: str) -> None:
    elsewhere = {"order_url": url, "link": url, "tracking_url": url}
    content = templates.render(kind, Locale.EN, values_for(kind) | elsewhere)
    assert Page(content.html).all("a", "href") == []


def test_the_token_can_be_read_and_copied(templates: MailTemplates, locale: Locale) -> None:
    kind = NotificationKind.VERIFY_EMAIL
    content = templates.render(kind, locale, values_for(kind))
    assert TOKEN in content.text.splitlines()
    assert TOKEN in Page(content.html).words
    assert TOKEN not in content.subject


def test_who_confirms_an_address_reads_that_the_password_is_chosen_now_and_who_did_not_ask_may_ignore_it(
    templates: MailTemplates, locale: Locale
) -> None:
    content = templates.render(
        NotificationKind.VERIFY_EMAIL, locale, values_for(NotificationKind.VERIFY_EMAIL)
    )
    told = {
        Locale.EN: ("choose your password", "the one you choose now", "ignore this mail"),
        Locale.DE: ("Passwort zu wählen", "welches Sie jetzt wählen", "diese Mail ignorieren"),
    }[locale]
    for part in (content.text, Page(content.html).words):
        assert all(words in squeezed(part) for words in told)


@pytest.mark.parametrize(
    "kind", [NotificationKind.VERIFY_EMAIL, NotificationKind.ORDER_PLACED, NotificationKind.PAYMENT_RECEIVED]
)
def test_times_are_told_in_utc_and_say_so(
    templates: MailTemplates, kind: NotificationKind, locale: Locale
) -> None:
    in_berlin = AFTERNOON.astimezone(timezone(timedelta(hours=1)))
    times = {"expires_at": in_berlin, "pay_until": in_berlin, "edit_until": in_berlin}
    content = templates.render(kind, locale, values_for(kind) | times)
    assert MONTHS[locale] in squeezed(content.text)
    assert MONTHS[locale] in squeezed(Page(content.html).words)


@pytest.mark.parametrize("kind", [NotificationKind.VERIFY_EMAIL, NotificationKind.ORDER_PLACED])
def test_a_time_without_a_zone_is_an_error(templates: MailTemplates, kind: NotificationKind) -> None:
    naive = datetime(2026, 3, 5, 14, 30)  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        templates.render(kind, Locale.EN, values_for(kind) | {"expires_at": naive, "pay_until": naive})


def test_a_refund_says_how_much(templates: MailTemplates) -> None:
    kind = NotificationKind.REFUNDED
    assert "12.90 EUR" in squeezed(templates.render(kind, Locale.EN, values_for(kind)).text)
    assert "12,90 EUR" in squeezed(templates.render(kind, Locale.DE, values_for(kind)).text)


def test_a_customer_without_a_name_is_greeted_all_the_same(
    templates: MailTemplates, order_kind: NotificationKind, locale: Locale
) -> None:
    content = templates.render(order_kind, locale, values_for(order_kind, customer_name=""))
    assert re.search(r"^(Hello|Guten Tag),$", content.text, re.MULTILINE)


@pytest.mark.parametrize("kind", ACCOUNT_KINDS, ids=str)
def test_a_mail_to_a_strangers_address_repeats_nothing_that_was_typed(
    templates: MailTemplates, kind: NotificationKind, locale: Locale
) -> None:
    """Else a registration is a way to have the shop deliver any message to anybody."""
    content = templates.render(kind, locale, values_for(kind, customer_name="WIN-A-PRIZE"))
    assert "WIN-A-PRIZE" not in content.subject + content.text + content.html


def missing() -> Iterator[tuple[NotificationKind, str]]:
    for kind in NotificationKind:
        for name in values_for(kind):
            yield kind, name


@pytest.mark.parametrize(("kind", "name"), list(missing()))
def test_a_missing_value_is_an_error_that_names_it(
    templates: MailTemplates, kind: NotificationKind, name: str, locale: Locale
) -> None:
    values = values_for(kind, tracking_url=None)
    del values[name]
    with pytest.raises(LookupError, match=name):
        templates.render(kind, locale, values)


@pytest.mark.parametrize("name", ["name", "quantity", "line_total", "thumbnail_cid"])
def test_a_missing_value_of_a_line_is_an_error_that_names_it(templates: MailTemplates, name: str) -> None:
    kind = NotificationKind.ORDER_PLACED
    line = {"name": "Print", "quantity": 1, "line_total": "1.00 EUR", "thumbnail_cid": None}
    del line[name]
    with pytest.raises(LookupError, match=name):
        templates.render(kind, Locale.EN, values_for(kind, lines=[line]))


HOSTILE = '<script>alert("x")</script>\'"><img src=http://evil.example/x.png>\r\nBcc: y@z {{ 7*7 }} &amp;'


def hostile(value: object) -> object:
    match value:
        case str() if not value.startswith("https://"):
            return HOSTILE
        case Mapping():
            return {name: hostile(inner) for name, inner in value.items()}
        case list():
            return [hostile(inner) for inner in value]
        case _:
            return value


def test_no_value_becomes_markup(templates: MailTemplates, kind: NotificationKind, locale: Locale) -> None:
    harmless = Page(templates.render(kind, locale, values_for(kind)).html)
    content = templates.render(
        kind, locale, {name: hostile(value) for name, value in values_for(kind).items()}
    )
    page = Page(content.html)
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in harmless.tags]
    assert [set(attributes) for _, attributes in page.tags] == [set(each) for _, each in harmless.tags]
    assert "49" not in page.words
    assert '<script>alert("x")' in page.words
    assert "&lt;" not in content.text


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(max_size=60))
def test_no_value_breaks_out_of_its_line(
    templates: MailTemplates, order_kind: NotificationKind, typed: str
) -> None:
    values = values_for(order_kind, order_number=typed, shop_name=typed, ship_to=[typed])
    content = templates.render(order_kind, Locale.EN, values)
    assert content.subject == squeezed(content.subject)
    assert content.subject.splitlines() in ([content.subject], [])
    assert "\r" not in content.text
    [index] = [number for number, line in enumerate(content.text.split("\n")) if line == "Ships to:"]
    address = content.text.split("\n")[index + 1 : index + 3]
    assert address[0].startswith("  ")
    assert address[1] == ""
    assert content.html.encode()
    assert content.text.encode()


def test_a_name_cannot_turn_the_direction_of_reading(templates: MailTemplates) -> None:
    kind = NotificationKind.SHIPPED
    content = templates.render(
        kind, Locale.EN, values_for(kind, carrier="\u202eLHD\u2066", tracking_number="1\u2029")
    )
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\u2029]", content.text + content.html)


def test_values_are_left_as_they_were(templates: MailTemplates) -> None:
    kind = NotificationKind.ORDER_PLACED
    values = values_for(
        kind,
        lines=[
            dict(line)
            for line in [{"name": "A\nB", "quantity": 1, "line_total": "1.00 EUR", "thumbnail_cid": None}]
        ],
    )
    templates.render(kind, Locale.EN, values)
    assert values["lines"] == [
        {"name": "A\nB", "quantity": 1, "line_total": "1.00 EUR", "thumbnail_cid": None}
    ]


def test_a_long_name_does_not_push_the_amounts_out_of_the_text(templates: MailTemplates) -> None:
    kind = NotificationKind.ORDER_PLACED
    line = {"name": "Poster " * 30, "quantity": 1, "line_total": "29.90 EUR", "thumbnail_cid": None}
    content = templates.render(kind, Locale.EN, values_for(kind, lines=[line]))
    bill = content.text.split("Order PA-7K3M-92QX")[-1]
    assert max(len(row) for row in bill.splitlines()) <= 76
    amounts = [row for row in bill.splitlines() if row.endswith(" EUR")]
    assert {len(row) for row in amounts} == {76}
