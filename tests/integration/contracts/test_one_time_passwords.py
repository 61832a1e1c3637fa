"""What every maker and judge of one-time passwords does."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printapic.adapters.users.one_time_passwords import TotpOneTimePasswords
from printapic.application.ports.secrets import OneTimePasswords

Make = Callable[[str], OneTimePasswords]
MAKERS: dict[str, Make] = {"totp": lambda issuer: TotpOneTimePasswords(issuer=issuer)}
SHARED = base64.b32encode(b"12345678901234567890").decode()
"""The secret of RFC 6238, appendix B, whose codes of eight digits end in the six below."""
FROM_THE_RFC = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}
EARLIEST = {"755224": 0, "287082": 1, "359152": 2}
"""The first codes of the same secret, from RFC 4226, appendix D."""
SVG = "{http://www.w3.org/2000/svg}"
NO_CODES = [
    "",
    " ",
    "28708",
    "2870820",
    "287 08",
    "28708a",
    "287082\0",
    "\uff12\uff18\uff17\uff10\uff18\uff12",
    "२८७०८२",
    "²87082",
    "+87082",
    "-87082",
    "287_082",
    "287082.0",
    "0x46172",
    "28708\ud800",
    "2" * 1_000_000,
    " " * 1_000_000 + "287082",
]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.fixture(params=MAKERS)
def passwords(request: pytest.FixtureRequest) -> OneTimePasswords:
    return MAKERS[request.param]("PrintAPic")


@pytest.mark.parametrize(("seconds", "code"), FROM_THE_RFC.items())
def test_codes_are_those_of_the_rfc(passwords: OneTimePasswords, seconds: int, code: str) -> None:
    assert passwords.step(SHARED, code, at=at(seconds)) == seconds // 30


@pytest.mark.parametrize("seconds", [1111111080, 1111111080.5, 1111111109.9])
def test_a_code_fits_its_own_step_and_the_two_beside_it(passwords: OneTimePasswords, seconds: float) -> None:
    code, step = FROM_THE_RFC[1111111109], 1111111109 // 30
    for late in (-30, 0, 30):
        assert passwords.step(SHARED, code, at=at(seconds + late)) == step
    for late in (-3600, -90, -60, 60, 90, 3600):
        assert passwords.step(SHARED, code, at=at(seconds + late)) is None


def test_the_time_zone_of_the_question_does_not_matter(passwords: OneTimePasswords) -> None:
    there = at(1234567890).astimezone(ZoneInfo("Asia/Kathmandu"))
    assert passwords.step(SHARED, "005924", at=there) == 1234567890 // 30


@pytest.mark.parametrize("seconds", [0, 29, 30, -1, -40])
def test_the_first_minute_of_the_count_is_no_trap(passwords: OneTimePasswords, seconds: int) -> None:
    assert passwords.step(SHARED, "287082", at=at(seconds)) == (1 if seconds >= 0 else None)


@pytest.mark.parametrize("typed", ["287 082", " 287082", "287082 ", "28 70 82", "2 8 7 0 8 2"])
def test_a_code_may_be_typed_with_spaces(passwords: OneTimePasswords, typed: str) -> None:
    assert passwords.step(SHARED, typed, at=at(59)) == 1


@pytest.mark.parametrize("code", NO_CODES, ids=range(len(NO_CODES)))
def test_what_is_no_code_is_just_wrong(passwords: OneTimePasswords, code: str) -> None:
    assert passwords.step(SHARED, code, at=at(59)) is None


@settings(max_examples=40)
@given(st.text() | st.from_regex(r"\A[0-9 ]{5,8}\Z"))
def test_any_text_is_answered(text: str) -> None:
    for make in MAKERS.values():
        right = EARLIEST.get(text.replace(" ", ""))
        assert make("PrintAPic").step(SHARED, text, at=at(59)) == right


def test_one_secrets_codes_are_wrong_for_another(passwords: OneTimePasswords) -> None:
    assert passwords.step("A" * 32, "287082", at=at(59)) is None


def test_of_all_codes_three_are_right(passwords: OneTimePasswords) -> None:
    tried = [*EARLIEST, *(f"{number:06}" for number in range(286_000, 288_000))]
    right = {code: step for code in tried if (step := passwords.step(SHARED, code, at=at(59))) is not None}
    assert right == EARLIEST


def test_a_new_secret_is_160_random_bits_that_an_app_takes(passwords: OneTimePasswords) -> None:
    secrets = {passwords.new_secret() for _ in range(50)}
    assert len(secrets) == 50
    for secret in secrets:
        assert re.fullmatch(r"[A-Z2-7]{32}", secret)
        assert len(base64.b32decode(secret)) == 20


@pytest.mark.parametrize("account", ["anna@example.org", "anna+müller@bücher.example", 'a"<&>%@example.org'])
@pytest.mark.parametrize("shop", ["PrintAPic", "Foto Müller & Söhne", 'A "B" <c>'])
def test_an_enrolment_names_the_shop_the_account_and_the_secret(shop: str, account: str) -> None:
    for make in MAKERS.values():
        uri = urlsplit(make(shop).enrolment(SHARED, account=account).uri)
        assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
        assert unquote(uri.path) == f"/{shop}:{account}"
        assert parse_qs(uri.query) == {"secret": [SHARED], "issuer": [shop]}


def test_a_shop_with_a_colon_in_its_name_does_not_become_part_of_the_account() -> None:
    for make in MAKERS.values():
        uri = urlsplit(make("Prints: the shop").enrolment(SHARED, account="anna@example.org").uri)
        assert unquote(uri.path) == "/Prints the shop:anna@example.org"
        assert parse_qs(uri.query)["issuer"] == ["Prints the shop"]


@pytest.mark.parametrize("account", ["anna@example.org", "ä" * 64 + "@" + "b" * 180 + ".example"], ids=len)
def test_the_picture_is_an_svg_that_a_page_can_show(passwords: OneTimePasswords, account: str) -> None:
    picture = passwords.enrolment(SHARED, account=account).qr_svg
    assert picture.startswith("<svg ")
    assert picture.isascii()
    root = ElementTree.fromstring(picture)
    assert root.tag == f"{SVG}svg"
    assert {each.tag for each in root.iter()} <= {f"{SVG}svg", f"{SVG}g", f"{SVG}path"}, "nothing active"
    assert "viewBox" in root.attrib
    assert not {"width", "height", "style"} & set(root.attrib)


def test_an_enrolment_is_not_shown_by_accident(passwords: OneTimePasswords) -> None:
    assert SHARED not in repr(passwords.enrolment(SHARED, account="anna@example.org"))


def test_there_are_ten_recovery_codes_of_80_bits_each_of_its_own(passwords: OneTimePasswords) -> None:
    codes = [code for _ in range(20) for code in passwords.recovery_codes()]
    assert len(passwords.recovery_codes()) == 10
    assert len(set(codes)) == 200
    assert all(re.fullmatch(r"([a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in codes)
    for place in (0, 18):
        assert len({code[place] for code in codes}) > 20, "every character is random"
