"""Every action of the audit log, done once: who did it, to whom, in which session and from where."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import attrs
import pytest

from printapic.adapters.payments.simulated.checkout import DeskOrder
from printapic.application.payments.staff import Staff
from printapic.application.ports.jobs import JobNotFound
from printapic.application.users.limits import FAILURES_IN_ALL
from printapic.domain.actors import Actor, Caller, Role
from printapic.domain.audit.event import AuditAction
from printapic.domain.ids import ApiKeyId, SessionId, UserId
from printapic.domain.payments.finding import FindingState
from printapic.domain.payments.payment import Payment
from printapic.domain.users.permissions import Permission
from printapic.domain.users.session import SessionInvalid
from printapic.domain.users.user import CredentialsInvalid, PasswordWrong
from tests import builders as b
from tests.shop_floor import HOUR, MINUTE, PASSWORD, Logged, ShopFloor, user_of

ANNA, ROOT, NEW = "anna@example.org", "root@example.org", "anna@new.example"
ADDRESS, NETWORK = "203.0.113.7", "203.0.113.0/24"
HERE = Caller(address=ADDRESS, device="Firefox on Linux", request_id="request-1")
STRANGER: Logged = (None, None, None, NETWORK)
MACHINE: Logged = (None, None, None, None)
READ = frozenset({Permission.ORDER_READ})


@attrs.frozen
class Scene:
    """Anna and an administrator, each in a session of their own."""

    floor: ShopFloor
    anna: UserId
    root: UserId
    session: SessionId
    roots: SessionId

    @property
    def anna_herself(self) -> Logged:
        return self.anna, self.anna, self.session, ADDRESS

    @property
    def root_to_anna(self) -> Logged:
        return self.root, self.anna, self.roots, ADDRESS

    def by_mail(self, actor: UserId | None) -> Logged:
        """Somebody who brought a token from Anna's mail, which knows no session."""
        return actor, self.anna, None, ADDRESS

    def enrol(self) -> tuple[str, ...]:
        secret, _ = self.floor.shop.enrol_second_factor(user_id=self.anna, session_id=self.session)
        code = self.floor.code(secret)
        codes = self.floor.shop.confirm_second_factor(
            user_id=self.anna, session_id=self.session, code=code, caller=HERE
        )
        self.floor.clock.advance(MINUTE / 2)
        return codes

    def key(self) -> tuple[ApiKeyId, str]:
        key, secret = self.floor.shop.issue_api_key(
            owner_id=self.root, session_id=self.roots, name="till", scopes=READ, caller=HERE
        )
        return key.id, secret

    def change_email(self) -> None:
        self.floor.shop.request_email_change(
            user_id=self.anna, session_id=self.session, email=NEW, caller=HERE
        )
        self.floor.work()


@pytest.fixture
def scene(floor: ShopFloor, anna: Actor) -> Scene:
    root = floor.shop.create_admin(email=ROOT, password=PASSWORD)
    return Scene(floor, user_of(anna), root, floor.session(ANNA), floor.session(ROOT))


def register(scene: Scene) -> Logged:
    scene.floor.shop.register(email="bert@example.org", caller=HERE)
    return STRANGER


def verify(scene: Scene) -> Logged:
    scene.floor.shop.register(email="bert@example.org")
    scene.floor.work()
    bert = scene.floor.shop.verify_email(token=scene.floor.token(), password=PASSWORD, caller=HERE)
    return bert, bert, None, ADDRESS


def log_in(scene: Scene) -> Logged:
    pair = scene.floor.shop.log_in(email=ANNA, password=PASSWORD, caller=HERE)
    session_id = scene.floor.shop.authenticate(access_token=pair.access_token).session_id
    return scene.anna, scene.anna, session_id, ADDRESS


def guess(scene: Scene) -> Logged:
    with suppress(CredentialsInvalid):
        scene.floor.shop.log_in(email=ANNA, password="a guess of somebody else", caller=HERE)
    return STRANGER


def attack(scene: Scene) -> Logged:
    while scene.floor.throttle.take("everyone", FAILURES_IN_ALL).allowed:
        pass
    with suppress(CredentialsInvalid):
        scene.floor.shop.log_in(email=ANNA, password="a guess of somebody else", caller=HERE)
    return STRANGER


def log_out(scene: Scene) -> Logged:
    scene.floor.shop.log_out(session_id=scene.session, caller=HERE)
    return scene.anna_herself


def revoke_session(scene: Scene) -> Logged:
    scene.floor.shop.end_session(
        user_id=scene.anna, session_id=scene.session, actor_id=scene.root, caller=HERE
    )
    return scene.root, scene.anna, scene.session, ADDRESS


def end_sessions(scene: Scene) -> Logged:
    scene.floor.shop.end_sessions(user_id=scene.anna, keep=scene.session, actor_id=scene.anna, caller=HERE)
    return scene.anna_herself


def lose_a_reply(scene: Scene) -> Logged:
    pair = scene.floor.shop.log_in(email=ANNA, password=PASSWORD)
    scene.floor.shop.refresh_session(refresh_token=pair.refresh_token)
    scene.floor.clock.advance(MINUTE)
    again = scene.floor.shop.refresh_session(refresh_token=pair.refresh_token, caller=HERE)
    session_id = scene.floor.shop.authenticate(access_token=again.access_token).session_id
    return None, scene.anna, session_id, ADDRESS


def reuse(scene: Scene) -> Logged:
    first = scene.floor.shop.log_in(email=ANNA, password=PASSWORD)
    session_id = scene.floor.shop.authenticate(access_token=first.access_token).session_id
    second = scene.floor.shop.refresh_session(refresh_token=first.refresh_token)
    scene.floor.shop.refresh_session(refresh_token=second.refresh_token)
    with pytest.raises(SessionInvalid):
        scene.floor.shop.refresh_session(refresh_token=first.refresh_token, caller=HERE)
    return None, scene.anna, session_id, ADDRESS


def reauthenticate(scene: Scene) -> Logged:
    scene.floor.shop.reauthenticate(
        user_id=scene.anna, session_id=scene.session, password=PASSWORD, caller=HERE
    )
    return scene.anna_herself


def prove_wrongly(scene: Scene) -> Logged:
    with pytest.raises(PasswordWrong):
        scene.floor.shop.reauthenticate(
            user_id=scene.anna, session_id=scene.session, password="a guess of somebody else", caller=HERE
        )
    return scene.anna_herself


def request_reset(scene: Scene) -> Logged:
    scene.floor.shop.request_password_reset(email=ANNA, caller=HERE)
    return STRANGER


def reset(scene: Scene) -> Logged:
    scene.floor.shop.request_password_reset(email=ANNA)
    scene.floor.work()
    scene.floor.shop.reset_password(
        token=scene.floor.token(to=ANNA), new_password="another long password", caller=HERE
    )
    return scene.by_mail(None)


def change_password(scene: Scene) -> Logged:
    scene.floor.shop.change_password(
        user_id=scene.anna,
        session_id=scene.session,
        current_password=PASSWORD,
        new_password="another long password",
        caller=HERE,
    )
    return scene.anna_herself


def request_change(scene: Scene) -> Logged:
    scene.change_email()
    return scene.anna_herself


def confirm_change(scene: Scene) -> Logged:
    scene.change_email()
    scene.floor.shop.confirm_email_change(token=scene.floor.token(to=NEW), caller=HERE)
    return scene.by_mail(scene.anna)


def revert_change(scene: Scene) -> Logged:
    scene.change_email()
    scene.floor.shop.revert_email_change(token=scene.floor.token(to=ANNA), caller=HERE)
    return scene.by_mail(None)


def enrol(scene: Scene) -> Logged:
    scene.enrol()
    return scene.anna_herself


def disable_factor(scene: Scene) -> Logged:
    codes = scene.enrol()
    scene.floor.shop.disable_second_factor(
        user_id=scene.anna, session_id=scene.session, code=codes[0], caller=HERE
    )
    return scene.anna_herself


def reset_factor(scene: Scene) -> Logged:
    scene.enrol()
    scene.floor.shop.reset_second_factor(
        user_id=scene.anna, actor_id=scene.root, session_id=scene.roots, caller=HERE
    )
    return scene.root_to_anna


def renew_codes(scene: Scene) -> Logged:
    scene.enrol()
    scene.floor.shop.renew_recovery_codes(user_id=scene.anna, session_id=scene.session, caller=HERE)
    return scene.anna_herself


def use_a_recovery_code(scene: Scene) -> Logged:
    code = scene.enrol()[0]
    scene.floor.shop.log_in(email=ANNA, password=PASSWORD, otp=code, caller=HERE)
    return scene.by_mail(scene.anna)


def create(scene: Scene) -> Logged:
    bert = scene.floor.shop.create_user(email="bert@example.org", password=PASSWORD)
    return None, bert, None, None


def set_roles(scene: Scene) -> Logged:
    scene.floor.shop.set_roles(
        user_id=scene.anna,
        roles=frozenset({Role.SUPPORT}),
        actor_id=scene.root,
        session_id=scene.roots,
        caller=HERE,
    )
    return scene.root_to_anna


def disable(scene: Scene) -> Logged:
    scene.floor.shop.disable_user(
        user_id=scene.anna, actor_id=scene.root, session_id=scene.roots, caller=HERE
    )
    return scene.root_to_anna


def enable(scene: Scene) -> Logged:
    scene.floor.shop.disable_user(user_id=scene.anna, actor_id=None)
    scene.floor.shop.enable_user(user_id=scene.anna, actor_id=scene.root, session_id=scene.roots, caller=HERE)
    return scene.root_to_anna


def export(scene: Scene) -> Logged:
    list(scene.floor.shop.export_user(user_id=scene.anna, session_id=scene.session, caller=HERE))
    return scene.anna_herself


def ask_to_be_erased(scene: Scene) -> Logged:
    scene.floor.shop.request_erasure(
        user_id=scene.anna, actor_id=scene.anna, session_id=scene.session, caller=HERE
    )
    return scene.anna_herself


def erase(scene: Scene) -> Logged:
    scene.floor.shop.request_erasure(user_id=scene.anna, actor_id=scene.anna, caller=HERE)
    scene.floor.shop.erase_user(user_id=scene.anna)
    return None, scene.anna, None, None


def issue_key(scene: Scene) -> Logged:
    scene.key()
    return scene.root, scene.root, scene.roots, ADDRESS


def revoke_key(scene: Scene) -> Logged:
    key_id, _ = scene.key()
    other = scene.floor.shop.create_admin(email="other@example.org", password=PASSWORD)
    scene.floor.shop.revoke_api_key(key_id=key_id, actor_id=other, caller=HERE)
    return other, scene.root, None, ADDRESS


def use_a_revoked_key(scene: Scene) -> Logged:
    key_id, secret = scene.key()
    scene.floor.shop.revoke_api_key(key_id=key_id, actor_id=None)
    with pytest.raises(SessionInvalid):
        scene.floor.shop.authenticate_api_key(api_key=secret, caller=HERE)
    return None, scene.root, None, ADDRESS


def rotate_keys(scene: Scene) -> Logged:
    scene.floor.shop.rotate_keys(at_once=True)
    return MACHINE


def revoke_signing_key(scene: Scene) -> Logged:
    scene.floor.shop.revoke_key(kid=scene.floor.shop.list_keys()[0].kid)
    return MACHINE


def open_an_invoice(scene: Scene) -> Logged:
    anna = Actor(scene.anna, frozenset({Role.CUSTOMER}))
    order = scene.floor.paid(anna)
    scene.floor.shop.cancel_order(order_id=order.id, actor=anna)
    scene.floor.hear()
    scene.floor.shop.request_erasure(user_id=scene.anna, actor_id=None)
    scene.floor.later(HOUR)
    scene.floor.shop.open_invoice(number=order.number, reason="audit of 2026")
    return MACHINE


def replay(scene: Scene) -> Logged:
    with pytest.raises(JobNotFound):
        scene.floor.shop.replay_job(job_id="12345")
    return MACHINE


def paid_wrong(scene: Scene) -> Payment:
    """A cent too much: somebody has to decide."""
    anna = Actor(scene.anna, frozenset({Role.CUSTOMER}))
    order = scene.floor.place(anna).order
    scene.floor.press(scene.floor.start(order), desk=DeskOrder(amount_off=1))
    scene.floor.hear()
    return scene.floor.payment(order)


def roots(scene: Scene) -> Staff:
    return Staff(user_id=scene.root, session_id=scene.roots, refund_any=True, caller=HERE)


def refund(scene: Scene) -> Logged:
    payment = paid_wrong(scene)
    scene.floor.shop.refund_payment(
        payment_id=payment.id, amount=None, reason="wrong", idempotency_key="key-1", staff=roots(scene)
    )
    return scene.root_to_anna


def accept_money(scene: Scene) -> Logged:
    payment = paid_wrong(scene)
    scene.floor.shop.accept_parked_money(
        payment_id=payment.id,
        capture_ref=payment.log.captures()[0].ref,
        reason="agreed",
        staff=roots(scene),
    )
    return scene.root_to_anna


def resolve_review(scene: Scene) -> Logged:
    payment = paid_wrong(scene)
    scene.floor.shop.resolve_review(
        payment_id=payment.id, review=payment.review_reasons[0], reason="seen", staff=roots(scene)
    )
    return scene.root_to_anna


def replay_webhook(scene: Scene) -> Logged:
    paid_wrong(scene)
    event, *_ = scene.floor.shop.list_webhook_events()
    scene.floor.shop.replay_webhook(provider=None, event_id=event.event_id, staff=roots(scene))
    return scene.root, None, scene.roots, ADDRESS


def close_finding(scene: Scene) -> Logged:
    finding = b.a_finding(state=FindingState.OPEN, closed_at=None, closed_by=None, note=None)
    with scene.floor.unit_of_work() as work:
        assert work.findings.report(finding)
        work.commit()
    scene.floor.shop.close_finding(finding_id=finding.id, reason="they know", staff=roots(scene))
    return scene.root, None, scene.roots, ADDRESS


def assemble_evidence(scene: Scene) -> Logged:
    scene.floor.shop.assemble_evidence(payment_id=paid_wrong(scene).id, staff=roots(scene))
    return scene.root_to_anna


ACTS: tuple[tuple[AuditAction, Callable[[Scene], Logged]], ...] = (
    (AuditAction.REGISTERED, register),
    (AuditAction.EMAIL_VERIFIED, verify),
    (AuditAction.LOGGED_IN, log_in),
    (AuditAction.LOG_IN_FAILED, guess),
    (AuditAction.LOG_IN_ATTACKED, attack),
    (AuditAction.LOGGED_OUT, log_out),
    (AuditAction.SESSION_REVOKED, revoke_session),
    (AuditAction.SESSION_REVOKED, end_sessions),
    (AuditAction.SESSION_RECOVERED, lose_a_reply),
    (AuditAction.REFRESH_REUSED, reuse),
    (AuditAction.REAUTHENTICATED, reauthenticate),
    (AuditAction.REAUTHENTICATION_FAILED, prove_wrongly),
    (AuditAction.PASSWORD_RESET_REQUESTED, request_reset),
    (AuditAction.PASSWORD_RESET, reset),
    (AuditAction.PASSWORD_CHANGED, change_password),
    (AuditAction.EMAIL_CHANGE_REQUESTED, request_change),
    (AuditAction.EMAIL_CHANGED, confirm_change),
    (AuditAction.EMAIL_REVERTED, revert_change),
    (AuditAction.MFA_ENROLLED, enrol),
    (AuditAction.MFA_DISABLED, disable_factor),
    (AuditAction.MFA_RESET, reset_factor),
    (AuditAction.RECOVERY_CODES_RENEWED, renew_codes),
    (AuditAction.RECOVERY_CODE_USED, use_a_recovery_code),
    (AuditAction.USER_CREATED, create),
    (AuditAction.USER_DISABLED, disable),
    (AuditAction.USER_ENABLED, enable),
    (AuditAction.USER_EXPORTED, export),
    (AuditAction.ERASURE_REQUESTED, ask_to_be_erased),
    (AuditAction.USER_ERASED, erase),
    (AuditAction.ROLES_CHANGED, set_roles),
    (AuditAction.API_KEY_ISSUED, issue_key),
    (AuditAction.API_KEY_REVOKED, revoke_key),
    (AuditAction.API_KEY_REFUSED, use_a_revoked_key),
    (AuditAction.KEYS_ROTATED, rotate_keys),
    (AuditAction.KEY_REVOKED, revoke_signing_key),
    (AuditAction.INVOICE_OPENED, open_an_invoice),
    (AuditAction.JOB_REPLAY_REQUESTED, replay),
    (AuditAction.WEBHOOK_REPLAY_REQUESTED, replay_webhook),
    (AuditAction.FINDING_CLOSED, close_finding),
    (AuditAction.EVIDENCE_ASSEMBLED, assemble_evidence),
    (AuditAction.REFUND_REQUESTED, refund),
    (AuditAction.MONEY_ACCEPTED, accept_money),
    (AuditAction.REVIEW_RESOLVED, resolve_review),
)


def test_every_action_is_done_here() -> None:
    assert {action for action, _ in ACTS} == set(AuditAction)


@pytest.mark.parametrize(("action", "act"), ACTS, ids=[act.__name__ for _, act in ACTS])
def test_an_entry_says_who_did_it_to_whom_and_from_where(
    scene: Scene, action: AuditAction, act: Callable[[Scene], Logged]
) -> None:
    before = len(scene.floor.logged(action))
    expected = act(scene)
    assert scene.floor.logged(action)[before:] == [expected]
