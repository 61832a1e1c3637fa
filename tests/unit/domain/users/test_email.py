from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.domain.users.email import EmailAddress, EmailInvalid


@pytest.mark.parametrize(
    ("text", "address", "key"),
    [
        ("anna@example.com", "anna@example.com", "anna@example.com"),
        (" anna@example.com\n", "anna@example.com", "anna@example.com"),
        (
            "Anna.Arendt+prints@Example.COM",
            "Anna.Arendt+prints@example.com",
            "anna.arendt+prints@example.com",
        ),
        ("ANNA@Exämple.de", "ANNA@xn--exmple-cua.de", "anna@xn--exmple-cua.de"),
        ("\uff41nna\uff20example.com", "anna@example.com", "anna@example.com"),
        ("Größe@example.com", "Größe@example.com", "grösse@example.com"),
        ("o'hara@sub.sub.example.museum", "o'hara@sub.sub.example.museum", "o'hara@sub.sub.example.museum"),
        ("x@example.xn--p1ai", "x@example.xn--p1ai", "x@example.xn--p1ai"),
    ],
)
def test_mail_goes_to_the_spelling_and_the_account_to_the_key(text: str, address: str, key: str) -> None:
    assert EmailAddress.parse(text) == EmailAddress(address=address, key=key)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna@example.com", "aNNA@EXAMPLE.com"),
        ("anna@exämple.de", "anna@XN--EXMPLE-CUA.de"),
        ("mu\u0308ller@example.com", "MÜLLER@example.com"),
        ("GRÖSSE@example.com", "größe@example.com"),
    ],
)
def test_two_spellings_of_one_address_are_one_account(one: str, other: str) -> None:
    assert EmailAddress.parse(one).key == EmailAddress.parse(other).key


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "@", "anna", "anna@", "@example.com", "anna@example", "anna@localhost", "anna@127.0.0.1"),
        *(
            "anna@[127.0.0.1]",
            "anna@example..com",
            "anna@.example.com",
            "anna@example.com.",
            "anna@-example.com",
        ),
        *(
            "anna@example-.com",
            "anna@exam_ple.com",
            "anna@example.c",
            "anna@example.123",
            "anna@example.-com",
        ),
        *("anna@example.com-", "a b@example.com", "a,b@example.com", "a;b@example.com", '"a"@example.com'),
        *(
            "<anna@example.com>",
            "Anna <anna@example.com>",
            "a(b)@example.com",
            "a\\b@example.com",
            "a:b@example.com",
        ),
        *(
            ".anna@example.com",
            "anna.@example.com",
            "an..na@example.com",
            "a@b@example.com",
            "a\tb@example.com",
        ),
        *(
            "anna@example.com\nBcc: x@example.com",
            "an\nna@example.com",
            "an\0na@example.com",
            "an\x7fna@example.com",
        ),
        *("a" * 65 + "@example.com", "anna@" + "a" * 64 + ".com", "anna@" + "abcdefghi." * 26 + "com"),
        *("anna@" + "ä" * 80 + ".de", "anna@xn--.com", "anna@\ud800.com"),
        "=?utf-8?q?a=0d=0aBcc=3aeverybody=40example.com?=@example.com",
    ],
    ids=ascii,
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(EmailInvalid):
        EmailAddress.parse(text)


@pytest.mark.parametrize(
    "invisible",
    [
        *("\u200b", "\u200d", "\u00ad", "\u202e", "\u2066", "\ufeff", "\u2060", "\ud800", "\U000e0041"),
        *("\u0378", "\u034f", "\u115f", "\ufe0f", "\U000e0100"),
    ],
)
def test_no_two_accounts_look_the_same(invisible: str) -> None:
    for text in (f"an{invisible}na@example.com", f"anna@exa{invisible}mple.com"):
        with pytest.raises(EmailInvalid):
            EmailAddress.parse(text)


@pytest.mark.parametrize("domain", ["straße.de", "STRAẞE.de", "βόλος.example", "a\u200db.example"])
def test_no_mail_goes_to_the_domain_that_old_rules_would_make_of_it(domain: str) -> None:
    with pytest.raises(EmailInvalid):
        EmailAddress.parse(f"anna@{domain}")


def test_a_domain_of_today_can_be_given_as_the_net_knows_it() -> None:
    assert EmailAddress.parse("anna@xn--strae-oqa.de").address == "anna@xn--strae-oqa.de"


@settings(max_examples=60)
@given(
    st.emails()
    | st.text(max_size=40)
    | st.builds("{}@{}.de".format, st.text(max_size=9), st.text(max_size=9))
)
def test_an_address_is_taken_in_a_form_that_stays_or_not_at_all(text: str) -> None:
    try:
        taken = EmailAddress.parse(text)
    except EmailInvalid:
        return
    assert EmailAddress.parse(taken.address) == taken
    assert taken.address.count("@") == taken.key.count("@") == 1
    local, _, domain = taken.address.partition("@")
    assert domain.isascii()
    assert domain == domain.lower() == taken.key.partition("@")[2]
    assert unicodedata.is_normalized("NFKC", local)
    assert not set(taken.address) & set(' \t\r\n<>,;:"\\()[]')
    assert taken.address.encode()


@settings(max_examples=40)
@given(st.emails())
def test_the_case_of_letters_makes_no_second_account(text: str) -> None:
    try:
        lower, upper = EmailAddress.parse(text.lower()), EmailAddress.parse(text.upper())
    except EmailInvalid:
        return
    assert lower.key == upper.key
