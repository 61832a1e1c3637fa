"""Proving who one is, for as long as one is it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs
import pytest

from printapic.adapters.users.bcrypt import BcryptPasswordHasher
from printapic.application.ports.audit import AuditQuery
from printapic.application.ports.clock import Clock
from printapic.application.ports.throttle import TooManyRequests
from printapic.application.users.sessions import TokenPair
from printapic.domain.actors import Actor, Role
from printapic.domain.audit.event import AuditAction, AuditStream
from printapic.domain.errors import PrintAPicError
from printapic.domain.ids import SessionId
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.permissions import Permission
from printapic.domain.users.second_factor import SecondFactorMissing
from printapic.domain.users.session import CUSTOMER_LIFETIME, STAFF_LIFETIME, Lifetime, SessionInvalid
from printapic.domain.users.user import AccountDisabled, CredentialsInvalid
from tests.shop_floor import MINUTE, PASSWORD, ShopFloor, user_of

SECOND = timedelta(seconds=1)


def log_in(floor: ShopFloor, email: str = "anna@example.org", password: str = PASSWORD) -> TokenPair:
    return floor.shop.log_in(email=email, password=password)


def disable(floor: ShopFloor, person: Actor) -> None:
    floor.shop.disable_user(user_id=user_of(person), actor_id=None)


def test_an_access_token_says_who_comes_with_which_rights(floor: ShopFloor, anna: Actor) -> None:
    principal = floor.shop.authenticate(access_token=log_in(floor).access_token)
    assert principal.user_id == anna.user_id
    assert principal.actor == anna
    assert Permission.ORDER_OWN in principal.permissions
    assert Permission.ORDER_READ not in principal.permissions


def test_a_role_counts_from_the_next_login_on_and_the_old_sessions_end(floor: ShopFloor, anna: Actor) -> None:
    before = log_in(floor).access_token
    floor.grant("anna@example.org", Role.OPERATOR)
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=before)
    token = log_in(floor).access_token
    principal = floor.shop.authenticate(access_token=token)
    assert principal.actor.roles == {Role.CUSTOMER, Role.OPERATOR}
    assert Permission.PRODUCTION_READ in principal.permissions


class CountingHasher(BcryptPasswordHasher):
    def __init__(self) -> None:
        super().__init__(cost=4)
        self.verified = 0

    def verify(self, password: str, password_hash: str | None) -> bool:
        self.verified += 1
        return super().verify(password, password_hash)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("anna@example.org", "not Anna's password"),
        ("anna@example.org", ""),
        ("anna@example.org", "\ud800"),
        ("bert@example.org", "not the password of Bert, who is disabled"),
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
    ],
)
def test_every_wrong_pair_is_answered_alike_after_the_same_work(
    floor: ShopFloor, anna: Actor, email: str, password: str
) -> None:
    disable(floor, floor.customer("bert@example.org"))
    hasher, before = CountingHasher(), floor.audited()
    with pytest.raises(CredentialsInvalid) as refusal:
        attrs.evolve(floor.shop.log_in, hasher=hasher)(email=email, password=password)
    assert refusal.value.details == {}
    assert hasher.verified == 1
    assert floor.audited() == [*before, AuditAction.LOG_IN_FAILED]


def test_what_is_wrong_besides_the_password_takes_no_more_work_and_no_less_memory(
    floor: ShopFloor, anna: Actor
) -> None:
    bert = floor.customer("bert@example.org")
    floor.enrol(anna, floor.session("anna@example.org"))
    disable(floor, bert)
    refusals: list[tuple[type[PrintAPicError], str, str | None]] = [
        (AccountDisabled, "bert@example.org", None),
        (SecondFactorMissing, "anna@example.org", None),
        (CredentialsInvalid, "anna@example.org", "not a code"),
    ]
    for refusal, email, otp in refusals:
        hasher, before = CountingHasher(), floor.audited()
        with pytest.raises(refusal):
            attrs.evolve(floor.shop.log_in, hasher=hasher)(email=email, password=PASSWORD, otp=otp)
        assert hasher.verified == 1
        assert floor.audited() == [*before, AuditAction.LOG_IN_FAILED]


def test_a_right_password_with_one_code_too_many_is_remembered(floor: ShopFloor, anna: Actor) -> None:
    own = floor.session("anna@example.org")
    floor.enrol(anna, own)
    for _ in range(5):
        with pytest.raises(CredentialsInvalid):
            floor.session("anna@example.org", "not a code")
    before = floor.audited()
    with pytest.raises(TooManyRequests):
        floor.session("anna@example.org", "not a code")
    with pytest.raises(TooManyRequests):
        floor.shop.reauthenticate(user_id=user_of(anna), session_id=own, password=PASSWORD, otp="not a code")
    new = [AuditAction.LOG_IN_FAILED, AuditAction.REAUTHENTICATION_FAILED]
    assert floor.audited() == [*before, *new]
    for record in floor.shop.read_audit_log(query=AuditQuery(stream=AuditStream.AUTH), limit=2):
        assert record.entry.details["wrong"] == "nothing: too many codes"


def test_the_spelling_of_an_address_does_not_matter(floor: ShopFloor, anna: Actor) -> None:
    log_in(floor, "ANNA@EXAMPLE.org")


def test_a_disabled_account_is_named_to_its_owner_alone(floor: ShopFloor, anna: Actor) -> None:
    disable(floor, anna)
    with pytest.raises(AccountDisabled):
        log_in(floor)
    with pytest.raises(CredentialsInvalid):
        log_in(floor, password="not Anna's password")


def test_disabling_an_account_ends_its_sessions(floor: ShopFloor, anna: Actor) -> None:
    pair = log_in(floor)
    disable(floor, anna)
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=pair.access_token)
    with pytest.raises(SessionInvalid):
        floor.shop.refresh_session(refresh_token=pair.refresh_token)


def test_a_session_that_outlives_the_disabling_of_its_user_opens_nothing(
    floor: ShopFloor, anna: Actor
) -> None:
    """Ending the sessions is the first lock, and looking at the user the second."""
    pair = log_in(floor)
    with floor.unit_of_work() as work:
        user = work.users.get(user_of(anna))
        user.disable(at=floor.clock.now())
        work.users.save(user)
        work.commit()
    (living,) = floor.shop.list_sessions(user_id=user_of(anna))
    assert living.live(at=floor.clock.now())
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=pair.access_token)


def test_a_refresh_token_gives_a_pair_that_is_good(floor: ShopFloor, anna: Actor) -> None:
    pair = log_in(floor)
    newer = floor.shop.refresh_session(refresh_token=pair.refresh_token)
    newest = floor.shop.refresh_session(refresh_token=newer.refresh_token)
    assert floor.shop.authenticate(access_token=newest.access_token).user_id == anna.user_id


def test_logging_out_makes_both_tokens_worthless_and_may_be_repeated(floor: ShopFloor, anna: Actor) -> None:
    pair, other = log_in(floor), log_in(floor)
    session_id = floor.shop.authenticate(access_token=pair.access_token).session_id
    for _ in range(2):
        floor.shop.log_out(session_id=session_id)
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=pair.access_token)
    with pytest.raises(SessionInvalid):
        floor.shop.refresh_session(refresh_token=pair.refresh_token)
    floor.shop.authenticate(access_token=other.access_token)


def test_logging_out_of_an_unknown_session_changes_nothing(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.log_out(session_id=SessionId(user_of(anna)))


def test_an_access_token_expires(floor: ShopFloor, anna: Actor) -> None:
    pair = log_in(floor)
    floor.clock.advance(timedelta(seconds=pair.expires_in_s) + MINUTE)
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=pair.access_token)


@pytest.mark.parametrize(
    ("role", "lifetime"), [(Role.CUSTOMER, CUSTOMER_LIFETIME), (Role.OPERATOR, STAFF_LIFETIME)]
)
def test_a_session_ends_however_often_it_is_refreshed(
    floor: ShopFloor, anna: Actor, role: Role, lifetime: Lifetime
) -> None:
    floor.grant("anna@example.org", role)
    pair = log_in(floor)
    end = floor.clock.now() + lifetime.absolute
    while floor.clock.now() + lifetime.idle < end:
        floor.clock.advance(lifetime.idle - SECOND)
        pair = floor.shop.refresh_session(refresh_token=pair.refresh_token)
    floor.clock.advance(end - floor.clock.now() - SECOND)
    pair = floor.shop.refresh_session(refresh_token=pair.refresh_token)
    floor.shop.authenticate(access_token=pair.access_token)
    floor.clock.advance(SECOND)
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=pair.access_token)
    with pytest.raises(SessionInvalid):
        floor.shop.refresh_session(refresh_token=pair.refresh_token)


def test_tokens_of_another_make_are_worthless(floor: ShopFloor, anna: Actor) -> None:
    pair = log_in(floor)
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=pair.refresh_token)
    with pytest.raises(SessionInvalid):
        floor.shop.refresh_session(refresh_token=pair.access_token)


def test_a_genuine_token_of_a_session_that_was_never_stored_is_worthless(
    floor: ShopFloor, anna: Actor
) -> None:
    """As after going back to an older backup of the database."""
    before = floor.unit_of_work.state.tables()
    pair = log_in(floor)
    floor.unit_of_work.state.publish(before, before=lambda: None)
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=pair.access_token)
    with pytest.raises(SessionInvalid):
        floor.shop.refresh_session(refresh_token=pair.refresh_token)


def test_a_token_that_names_another_user_than_its_session_is_worthless(floor: ShopFloor, anna: Actor) -> None:
    """Only a key that leaked could make one."""
    session_id = floor.shop.authenticate(access_token=log_in(floor).access_token).session_id
    bert = floor.customer("bert@example.org")
    forged, _ = floor.shop.log_in.tokens.access_token(user_of(bert), session_id, 1, at=floor.clock.now())
    with pytest.raises(SessionInvalid):
        floor.shop.authenticate(access_token=forged)


def test_tokens_are_never_shown(floor: ShopFloor, anna: Actor) -> None:
    pair = log_in(floor)
    assert pair.access_token not in repr(pair)
    assert pair.refresh_token not in repr(pair)


def change_password(floor: ShopFloor, anna: Actor) -> None:
    with floor.unit_of_work() as work:
        user = work.users.get(user_of(anna))
        user.change_password("another hash", at=floor.clock.now())
        work.users.save(user)
        work.commit()


def move_away(floor: ShopFloor, anna: Actor) -> None:
    with floor.unit_of_work() as work:
        user = work.users.get(user_of(anna))
        user.email = EmailAddress.parse("anna@elsewhere.example")
        work.users.save(user)
        work.commit()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [(disable, AccountDisabled), (change_password, CredentialsInvalid), (move_away, CredentialsInvalid)],
)
def test_an_account_that_changes_while_its_password_is_checked_is_not_entered(
    floor: ShopFloor,
    anna: Actor,
    change: Callable[[ShopFloor, Actor], None],
    refusal: type[Exception],
) -> None:
    class SlowHasher(BcryptPasswordHasher):
        def verify(self, password: str, password_hash: str | None) -> bool:
            change(floor, anna)
            return super().verify(password, password_hash)

    with pytest.raises(refusal):
        attrs.evolve(floor.shop.log_in, hasher=SlowHasher(cost=4))(
            email="anna@example.org", password=PASSWORD
        )
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()


@pytest.mark.parametrize("change", [disable, change_password])
def test_an_account_that_changes_before_the_session_starts_is_not_entered(
    floor: ShopFloor, anna: Actor, change: Callable[[ShopFloor, Actor], None]
) -> None:
    @attrs.frozen
    class LateClock(Clock):
        """Asked when the session is to begin."""

        def now(self) -> datetime:
            change(floor, anna)
            return floor.clock.now()

    with pytest.raises(CredentialsInvalid):
        attrs.evolve(floor.shop.log_in, clock=LateClock())(email="anna@example.org", password=PASSWORD)
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()


def test_a_login_brings_the_stored_hash_to_the_present_cost(floor: ShopFloor, anna: Actor) -> None:
    before = floor.shop.read_user(user_id=user_of(anna)).password_hash
    dearer = BcryptPasswordHasher(cost=5, threads=1, queue=8)
    attrs.evolve(floor.shop.log_in, hasher=dearer)(email="anna@example.org", password=PASSWORD)
    dearer.close()
    after = floor.shop.read_user(user_id=user_of(anna))
    assert "r=4" in before
    assert "r=5" in after.password_hash
    assert after.password_changed_at is None
    log_in(floor)


def test_a_better_hash_of_a_password_that_was_changed_meanwhile_is_thrown_away(
    floor: ShopFloor, anna: Actor
) -> None:
    floor.shop.log_in._keep_hash(user_of(anna), "the hash of an older password", "its better hash")
    log_in(floor)


def test_the_first_use_of_a_token_is_noted_once_though_many_requests_see_it(
    floor: ShopFloor, anna: Actor
) -> None:
    pair = log_in(floor)
    authenticate = floor.shop.authenticate
    session_id = authenticate(access_token=pair.access_token).session_id
    (before,) = floor.shop.list_sessions(user_id=user_of(anna))
    authenticate._note_use(session_id, 1)
    authenticate._note_use(SessionId(user_of(anna)), 1)
    authenticate(access_token=pair.access_token)
    (after,) = floor.shop.list_sessions(user_id=user_of(anna))
    assert before.used_at is not None
    assert after.version == before.version
