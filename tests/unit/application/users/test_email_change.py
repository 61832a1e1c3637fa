"""Another address: proven by its mailbox, and taken back from the old one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from printapic.application.ports.audit import AuditQuery
from printapic.application.ports.notifications import Mail, MailUnavailable
from printapic.application.ports.throttle import TooManyRequests
from printapic.domain.actors import Actor, Caller
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import AccountRequestId, SessionId
from printapic.domain.users.account_request import AccountRequest, RequestKind
from printapic.domain.users.email import EmailAddress, EmailInvalid
from printapic.domain.users.permissions import Permission
from printapic.domain.users.session import ReauthenticationRequired, SessionInvalid
from printapic.domain.users.user import TokenInvalid
from tests.shop_floor import DAY, HOUR, MINUTE, PASSWORD, ShopFloor, user_of

OLD, NEW = "anna@example.org", "anna@new.example"
ELSEWHERE = Caller(address="203.0.113.7", device="Firefox on Linux")


def ask(floor: ShopFloor, anna: Actor, email: str = NEW, session_id: SessionId | None = None) -> SessionId:
    """Ask for another address, and let the mails go out."""
    session_id = session_id or floor.session(OLD)
    floor.shop.request_email_change(user_id=user_of(anna), session_id=session_id, email=email)
    floor.work()
    return session_id


def address(floor: ShopFloor, anna: Actor) -> str:
    return floor.shop.read_user(user_id=user_of(anna)).email.address


def test_the_token_from_the_new_mailbox_moves_the_account(floor: ShopFloor, anna: Actor) -> None:
    asking, other = ask(floor, anna), floor.session(OLD)
    assert address(floor, anna) == OLD
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    assert address(floor, anna) == NEW
    floor.shop.log_in(email=NEW, password=PASSWORD)
    live = {session.id for session in floor.shop.list_sessions(user_id=user_of(anna))}
    assert asking in live
    assert other not in live
    assert AuditAction.EMAIL_CHANGED in floor.audited()


def test_the_new_owner_is_told_once_it_happened(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    floor.work()
    assert (floor.mailer.mails[-1].to, floor.mailer.mails[-1].content.subject) == (
        NEW,
        "Your e-mail address was changed",
    )


def test_the_old_mailbox_can_stop_the_change(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    floor.shop.revert_email_change(token=floor.token(to=OLD))
    with pytest.raises(TokenInvalid):
        floor.shop.confirm_email_change(token=floor.token(to=NEW))
    assert address(floor, anna) == OLD
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()


def test_the_old_mailbox_can_take_the_change_back_for_a_week(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    floor.clock.advance(7 * DAY - MINUTE)
    floor.shop.revert_email_change(token=floor.token(to=OLD))
    assert address(floor, anna) == OLD
    assert floor.shop.list_sessions(user_id=user_of(anna)) == ()
    assert AuditAction.EMAIL_REVERTED in floor.audited()
    with pytest.raises(TokenInvalid):
        floor.shop.revert_email_change(token=floor.token(to=OLD))


def test_after_a_week_the_change_stays(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    floor.clock.advance(7 * DAY)
    with pytest.raises(TokenInvalid):
        floor.shop.revert_email_change(token=floor.token(to=OLD))


def test_one_way_back_undoes_every_later_change_and_every_pending_one(floor: ShopFloor, anna: Actor) -> None:
    """A thief who moves the account twice, and asks a third time, keeps nothing."""
    thief = ask(floor, anna)
    way_back = floor.token(to=OLD)
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    ask(floor, anna, "thief@example.net", thief)
    floor.shop.confirm_email_change(token=floor.token(to="thief@example.net"))
    ask(floor, anna, "thief@example.com", thief)
    floor.shop.revert_email_change(token=way_back)
    assert address(floor, anna) == OLD
    with pytest.raises(TokenInvalid):
        floor.shop.confirm_email_change(token=floor.token(to="thief@example.com"))


@pytest.mark.parametrize("shut_out", ["reset", "disable and enable", "revert", "end others", "factor"])
def test_what_a_thief_asked_for_before_logging_out_is_lost_when_the_owner_takes_over(
    floor: ShopFloor, anna: Actor, shut_out: str
) -> None:
    """A session that ended by logging out is not ended again, and must not keep its link either."""
    floor.clock.advance(DAY)
    if shut_out == "revert":
        ask(floor, anna, "thief@example.com")
        floor.shop.confirm_email_change(token=floor.token(to="thief@example.com"))
        floor.shop.revert_email_change(token=floor.token(to=OLD))
        floor.clock.advance(MINUTE)
    floor.shop.log_out(session_id=ask(floor, anna))
    link = floor.token(to=NEW)
    floor.clock.advance(MINUTE)
    if shut_out == "reset":
        floor.shop.request_password_reset(email=OLD)
        floor.work()
        floor.shop.reset_password(token=floor.token(to=OLD), new_password="seven quiet tangerines")
    elif shut_out == "disable and enable":
        floor.shop.disable_user(user_id=user_of(anna), actor_id=None)
        floor.shop.enable_user(user_id=user_of(anna), actor_id=None)
    elif shut_out == "revert":
        floor.shop.revert_email_change(token=floor.token(to=OLD))
    elif shut_out == "factor":
        floor.enrol(anna, floor.session(OLD))
    else:
        own = floor.session(OLD)
        floor.shop.end_sessions(user_id=user_of(anna), keep=own, actor_id=user_of(anna))
    with pytest.raises(TokenInvalid):
        floor.shop.confirm_email_change(token=link)
    assert address(floor, anna) == OLD


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_thiefs_own_way_back_does_not_undo_the_owners(
    floor: ShopFloor, anna: Actor, confirmed: bool
) -> None:
    thief = ask(floor, anna)
    way_back = floor.token(to=OLD)
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    floor.clock.advance(MINUTE)
    ask(floor, anna, "thief@example.net", thief)
    thiefs = floor.token(to=NEW)
    if confirmed:
        floor.shop.confirm_email_change(token=floor.token(to="thief@example.net"))
    floor.clock.advance(MINUTE)
    floor.shop.revert_email_change(token=way_back)
    with pytest.raises(TokenInvalid):
        floor.shop.revert_email_change(token=thiefs)
    assert address(floor, anna) == OLD


def test_an_earlier_way_back_outlives_a_later_one_that_was_used(floor: ShopFloor, anna: Actor) -> None:
    asking = ask(floor, anna)
    first = floor.token(to=OLD)
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    floor.clock.advance(MINUTE)
    ask(floor, anna, "thief@example.net", asking)
    floor.shop.revert_email_change(token=floor.token(to=NEW))
    floor.shop.revert_email_change(token=first)
    assert address(floor, anna) == OLD


def test_a_closed_account_does_not_move_back_either(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    floor.shop.disable_user(user_id=user_of(anna), actor_id=None)
    with pytest.raises(TokenInvalid):
        floor.shop.revert_email_change(token=floor.token(to=OLD))


def test_one_account_asks_for_five_addresses_an_hour(floor: ShopFloor, anna: Actor) -> None:
    session_id = floor.session(OLD)
    for number in range(5):
        ask(floor, anna, f"stranger-{number}@example.net", session_id)
    with pytest.raises(TooManyRequests):
        ask(floor, anna, "stranger-6@example.net", session_id)


def test_whoever_has_the_new_address_already_is_told_and_keeps_it(floor: ShopFloor, anna: Actor) -> None:
    floor.customer(NEW)
    ask(floor, anna)
    assert (floor.mailer.mails[-1].to, floor.mailer.mails[-1].content.subject) == (
        NEW,
        "You already have an account",
    )
    assert [mail.to for mail in floor.mailer.mails].count(OLD) == 1


def test_an_address_that_became_somebodys_meanwhile_is_not_taken(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    token = floor.token(to=NEW)
    floor.customer(NEW)
    with pytest.raises(TokenInvalid):
        floor.shop.confirm_email_change(token=token)
    assert address(floor, anna) == OLD


def test_an_old_address_that_became_somebodys_is_not_taken_back(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    way_back = floor.token(to=OLD)
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    floor.customer(OLD)
    with pytest.raises(TokenInvalid):
        floor.shop.revert_email_change(token=way_back)
    assert address(floor, anna) == NEW


def test_the_token_works_for_an_hour(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    floor.clock.advance(HOUR)
    with pytest.raises(TokenInvalid):
        floor.shop.confirm_email_change(token=floor.token(to=NEW))


@pytest.mark.parametrize("token", ["", "guessed"])
def test_tokens_that_were_never_mailed_change_nothing(floor: ShopFloor, anna: Actor, token: str) -> None:
    with pytest.raises(TokenInvalid):
        floor.shop.confirm_email_change(token=token)
    with pytest.raises(TokenInvalid):
        floor.shop.revert_email_change(token=token)


def test_a_session_that_was_taken_away_loses_what_it_asked_for(floor: ShopFloor, anna: Actor) -> None:
    thief, owner = ask(floor, anna), floor.session(OLD)
    floor.shop.end_sessions(user_id=user_of(anna), keep=owner, actor_id=user_of(anna))
    with pytest.raises(TokenInvalid):
        floor.shop.confirm_email_change(token=floor.token(to=NEW))
    assert thief != owner


def test_a_session_that_was_ended_alone_loses_what_it_asked_for_too(floor: ShopFloor, anna: Actor) -> None:
    thief = ask(floor, anna)
    floor.shop.end_session(user_id=user_of(anna), session_id=thief, actor_id=user_of(anna))
    with pytest.raises(TokenInvalid):
        floor.shop.confirm_email_change(token=floor.token(to=NEW))


def test_logging_out_before_the_link_is_followed_does_not_matter(floor: ShopFloor, anna: Actor) -> None:
    floor.shop.log_out(session_id=ask(floor, anna))
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    assert address(floor, anna) == NEW


def test_a_closed_account_stays_where_it_is(floor: ShopFloor, anna: Actor) -> None:
    session_id = ask(floor, anna)
    floor.shop.log_out(session_id=session_id)
    floor.shop.disable_user(user_id=user_of(anna), actor_id=None)
    with pytest.raises(TokenInvalid):
        floor.shop.confirm_email_change(token=floor.token(to=NEW))


def test_it_takes_a_recent_proof_of_identity_and_an_address(floor: ShopFloor, anna: Actor) -> None:
    session_id = floor.session(OLD)
    with pytest.raises(EmailInvalid):
        ask(floor, anna, "no address", session_id)
    floor.clock.advance(5 * MINUTE + timedelta(seconds=1))
    with pytest.raises(ReauthenticationRequired):
        ask(floor, anna, NEW, session_id)
    with pytest.raises(SessionInvalid):
        ask(floor, anna, NEW, SessionId(user_of(anna)))


def test_the_way_back_needs_no_record_of_the_change(floor: ShopFloor, anna: Actor) -> None:
    """Requests are forgotten when their time is over; the way back lives longer."""
    ask(floor, anna)
    floor.shop.confirm_email_change(token=floor.token(to=NEW))
    tables = floor.unit_of_work.state.tables()
    left = {
        key: row for key, row in tables["account_requests"].items() if row.kind is RequestKind.EMAIL_REVERT
    }
    floor.unit_of_work.state.publish({**tables, "account_requests": left}, before=lambda: None)
    floor.shop.revert_email_change(token=floor.token(to=OLD))
    assert address(floor, anna) == OLD


def test_a_mail_server_that_fails_in_between_sends_each_of_the_two_once(
    floor: ShopFloor, anna: Actor
) -> None:
    session_id = floor.session(OLD)
    floor.shop.request_email_change(user_id=user_of(anna), session_id=session_id, email=NEW)
    send = floor.mailer.send
    sent: list[Mail] = []

    def one_then_none(mail: Mail) -> None:
        if sent:
            raise MailUnavailable
        sent.append(mail)
        send(mail)

    floor.mailer.send = one_then_none  # type: ignore[method-assign]
    floor.work()
    floor.mailer.send = send  # type: ignore[method-assign]
    floor.later(HOUR / 2)
    assert [mail.to for mail in floor.mailer.mails[-2:]] == [OLD, NEW]
    floor.shop.confirm_email_change(token=floor.token(to=NEW))


def test_only_what_a_user_asked_for_is_mailed(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    way_back = next(
        row
        for row in floor.unit_of_work.state.tables()["account_requests"].values()
        if row.kind is RequestKind.EMAIL_REVERT
    )
    nobodys = AccountRequest.ask(
        id=AccountRequestId(user_of(anna)),
        kind=RequestKind.EMAIL_CHANGE,
        email=EmailAddress.parse(NEW),
        at=floor.clock.now(),
    )
    with floor.unit_of_work() as work:
        work.account_requests.add(nobodys)
        work.commit()
    mails = len(floor.mailer.mails)
    for request in (way_back, nobodys):
        floor.perform("SendAccountMail", request_id=str(request.id))
    assert len(floor.mailer.mails) == mails


def test_a_job_that_runs_again_mails_nothing_again(floor: ShopFloor, anna: Actor) -> None:
    ask(floor, anna)
    (job,) = [record for record in floor.worker.list() if record.name == "SendAccountMail"]
    mails = len(floor.mailer.mails)
    floor.perform("SendAccountMail", **job.payload)
    assert len(floor.mailer.mails) == mails


@pytest.mark.parametrize("confirmed", [True, False])
def test_taking_an_address_back_ends_every_key_that_was_made_in_the_account(
    floor: ShopFloor, anna: Actor, confirmed: bool
) -> None:
    """Whoever changed the address may have made a key, and would come back with it."""
    bert = floor.customer("bert@example.org")
    scopes = frozenset({Permission.ORDER_OWN})
    issue = floor.shop.issue_api_key
    expired, _ = issue(owner_id=user_of(anna), name="old", scopes=scopes, lifetime=MINUTE)
    revoked, _ = issue(owner_id=user_of(anna), name="over", scopes=scopes)
    floor.shop.revoke_api_key(key_id=revoked.id, actor_id=None)
    floor.clock.advance(MINUTE)
    keys = [issue(owner_id=user_of(anna), name="thief", scopes=scopes) for _ in range(2)]
    _, other = issue(owner_id=user_of(bert), name="till", scopes=scopes)
    ask(floor, anna)
    if confirmed:
        floor.shop.confirm_email_change(token=floor.token(to=NEW))
    for _, key in keys:
        floor.shop.authenticate_api_key(api_key=key)
    floor.shop.revert_email_change(token=floor.token(to=OLD), caller=ELSEWHERE)
    for _, key in keys:
        with pytest.raises(SessionInvalid):
            floor.shop.authenticate_api_key(api_key=key)
    floor.shop.authenticate_api_key(api_key=other)
    with floor.unit_of_work.reading() as work:
        found = work.audit.page(AuditQuery(action="api-key.revoked"), before=None, limit=50)
    of_the_revert = [record for record in found if record.caller == ELSEWHERE]
    assert {record.entry.api_key_id for record in of_the_revert} == {key.id for key, _ in keys}
    assert {record.entry.subject_id for record in of_the_revert} == {anna.user_id}
    by_id = {key.id: key for key in floor.shop.list_api_keys()}
    assert by_id[expired.id].revoked_at is None
    assert len(found) == 3
