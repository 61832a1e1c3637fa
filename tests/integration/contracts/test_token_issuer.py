"""What every issuer of tokens does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from printapic.adapters.system.clock import FixedClock
from printapic.adapters.users.keyring import KeyRing
from printapic.adapters.users.tokens import JwtTokenIssuer
from printapic.application.ports.users import TokenIssuer
from printapic.domain.ids import SessionId, UserId
from printapic.domain.users.session import SessionInvalid

NOW = datetime(2026, 11, 22, 15, 0, 0, 250_000, tzinfo=UTC)
ANNA = UserId(UUID("019aabcd-0000-7000-8000-00000000a11a"))
SESSION = SessionId(UUID("019aabcd-0000-7000-8000-000000005e55"))
OTHER_SESSION = SessionId(UUID("019aabcd-0000-7000-8000-000000005e56"))
ISSUERS: dict[str, Callable[[], TokenIssuer]] = {
    "jwt": lambda: JwtTokenIssuer(
        keyring=KeyRing.generate(), clock=FixedClock(NOW), issuer="https://shop.example", audience="printapic"
    )
}
MALFORMED = [
    "",
    ".",
    "..",
    "a.b.c",
    "\0",
    "é.é.é",
    "\ud800",
    "prt_",
    "prt_a.b.c.d",
    "x" * 100_000,
    "." * 3000,
]


@pytest.fixture(scope="module", params=ISSUERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def issuer(kind: str) -> TokenIssuer:
    return ISSUERS[kind]()


@pytest.fixture(scope="module")
def stranger(kind: str) -> TokenIssuer:
    """The same technology with other keys."""
    return ISSUERS[kind]()


def test_an_access_token_says_who_it_was_made_for(issuer: TokenIssuer) -> None:
    token, lifetime = issuer.access_token(ANNA, SESSION, 3, at=NOW)
    claims = issuer.read_access_token(token, at=NOW)
    assert (claims.user_id, claims.session_id, claims.generation) == (ANNA, SESSION, 3)
    assert timedelta(0) <= NOW + timedelta(seconds=lifetime) - claims.expires_at < timedelta(seconds=1)


def test_an_access_token_fits_into_a_header(issuer: TokenIssuer) -> None:
    token, _ = issuer.access_token(ANNA, SESSION, 3, at=NOW)
    assert re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token)
    assert len(token) < 1024


def test_lifetimes_are_five_minutes_and_vary_by_five_percent(issuer: TokenIssuer) -> None:
    lifetimes = {issuer.access_token(ANNA, SESSION, 3, at=NOW)[1] for _ in range(150)}
    assert lifetimes <= set(range(285, 316))
    assert len(lifetimes) > 10


def test_two_tokens_of_one_moment_differ(issuer: TokenIssuer) -> None:
    tokens = {issuer.access_token(ANNA, SESSION, 3, at=NOW)[0] for _ in range(50)}
    assert len(tokens) == 50


def test_a_token_dies_at_its_expiry_even_when_it_was_read_before(issuer: TokenIssuer) -> None:
    token, _ = issuer.access_token(ANNA, SESSION, 3, at=NOW)
    expires_at = issuer.read_access_token(token, at=NOW).expires_at
    assert issuer.read_access_token(token, at=expires_at + timedelta(seconds=29.9)).user_id == ANNA
    for late in (30, 31, 3600, 10**9):
        with pytest.raises(SessionInvalid):
            issuer.read_access_token(token, at=expires_at + timedelta(seconds=late))


def test_a_token_is_worth_nothing_before_its_time(issuer: TokenIssuer) -> None:
    token, _ = issuer.access_token(ANNA, SESSION, 3, at=NOW)
    assert issuer.read_access_token(token, at=NOW - timedelta(seconds=30)).user_id == ANNA
    with pytest.raises(SessionInvalid):
        issuer.read_access_token(token, at=NOW - timedelta(seconds=32))


def test_the_time_that_counts_is_the_one_told(issuer: TokenIssuer) -> None:
    long_ago, far_away = datetime(2001, 9, 9, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
    for moment in (long_ago, far_away):
        token, _ = issuer.access_token(ANNA, SESSION, 3, at=moment)
        assert issuer.read_access_token(token, at=moment).session_id == SESSION


def test_a_strangers_tokens_are_refused(issuer: TokenIssuer, stranger: TokenIssuer) -> None:
    with pytest.raises(SessionInvalid):
        issuer.read_access_token(stranger.access_token(ANNA, SESSION, 3, at=NOW)[0], at=NOW)
    with pytest.raises(SessionInvalid):
        issuer.read_refresh_token(stranger.refresh_token(SESSION, 1))


def test_the_two_kinds_of_token_are_no_substitute_for_each_other(issuer: TokenIssuer) -> None:
    with pytest.raises(SessionInvalid):
        issuer.read_access_token(issuer.refresh_token(SESSION, 1), at=NOW)
    with pytest.raises(SessionInvalid):
        issuer.read_refresh_token(issuer.access_token(ANNA, SESSION, 3, at=NOW)[0])


@pytest.mark.parametrize("token", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_token_is_refused(issuer: TokenIssuer, token: str) -> None:
    with pytest.raises(SessionInvalid):
        issuer.read_access_token(token, at=NOW)
    with pytest.raises(SessionInvalid):
        issuer.read_refresh_token(token)


@given(st.integers(1, 999_999_999), st.uuids())
def test_a_refresh_token_says_its_session_and_generation(generation: int, session: UUID) -> None:
    for make in ISSUERS.values():
        issuer = make()
        token = issuer.refresh_token(SessionId(session), generation)
        assert issuer.read_refresh_token(token) == (session, generation)


def test_a_refresh_token_is_always_the_same_one(issuer: TokenIssuer) -> None:
    assert issuer.refresh_token(SESSION, 3) == issuer.refresh_token(SESSION, 3)
    others = {issuer.refresh_token(SESSION, 4), issuer.refresh_token(OTHER_SESSION, 3)}
    assert issuer.refresh_token(SESSION, 3) not in others
    assert len(others) == 2


def test_nobody_makes_the_next_refresh_token_out_of_this_one(issuer: TokenIssuer) -> None:
    token = issuer.refresh_token(SESSION, 7)
    assert ".7." in token
    for forged in (
        token.replace(".7.", ".8."),
        token.replace(".7.", ".07."),
        token.replace(".7.", ".+7."),
        token.replace(".7.", ".७."),
        token.replace(SESSION.hex, OTHER_SESSION.hex),
        token.replace(SESSION.hex, SESSION.hex.upper()),
        token.replace(SESSION.hex, str(SESSION)),
        token + "=",
        token + "\n",
        " " + token,
        token[:-1],
        token.removeprefix("prt_"),
        token.upper(),
    ):
        assert forged != token
        with pytest.raises(SessionInvalid):
            issuer.read_refresh_token(forged)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_refresh_token_with_one_other_character_is_refused(
    issuer: TokenIssuer, data: st.DataObject
) -> None:
    token = issuer.refresh_token(SESSION, 12)
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters())
    forged = token[:place] + character + token[place + 1 :]
    if forged != token:
        with pytest.raises(SessionInvalid):
            issuer.read_refresh_token(forged)


def test_a_mail_token_is_always_the_same_one_for_its_purpose_and_subject(issuer: TokenIssuer) -> None:
    token = issuer.mail_token("verify-email", "4711")
    assert token == issuer.mail_token("verify-email", "4711")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)


def test_mail_tokens_of_other_purposes_subjects_and_shops_differ(
    issuer: TokenIssuer, stranger: TokenIssuer
) -> None:
    asked = [("verify-email", "1"), ("verify-email", "11"), ("verify-email1", "1"), ("reset", "1"), ("", "")]
    tokens = {maker.mail_token(*each) for maker in (issuer, stranger) for each in asked}
    assert len(tokens) == 2 * len(asked)


def test_public_keys_are_told_by_name(issuer: TokenIssuer, stranger: TokenIssuer) -> None:
    keys, others = issuer.public_keys(), stranger.public_keys()
    assert keys == issuer.public_keys()
    assert {len(key.key) for key in keys} == {32}
    assert not {key.key for key in keys} & {key.key for key in others}
