"""Mail about accounts. Only here is looked up whether an address has one."""

from __future__ import annotations

from datetime import datetime

import attrs

from printapic.application.notifications.delivery import SendMail, ShopFront, prepare
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.notifications import MailTemplates
from printapic.application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from printapic.application.ports.users import TokenIssuer
from printapic.domain.ids import AccountRequestId, RegistrationId, UserId
from printapic.domain.notifications.notification import Notification
from printapic.domain.notifications.notification import NotificationKind as Kind
from printapic.domain.users.account_request import AccountRequest, RequestKind
from printapic.domain.users.email import EmailAddress
from printapic.domain.users.mailed_token import token_digest
from printapic.domain.users.user import Locale, Registration, User


@attrs.frozen(kw_only=True)
class Letter:
    """A mail that is claimed and not yet rendered. It repeats no name: a stranger may have chosen it."""

    notification: Notification
    to: EmailAddress
    locale: Locale
    values: dict[str, object] = attrs.field(factory=dict, repr=False)


@attrs.frozen(kw_only=True)
class Secretary:
    """Claims mails inside a unit of work, and sends them after it.

    Tokens are derived, so a mail that is sent again carries the same one; its SHA-256 is stored before the
    mail leaves.
    """

    clock: Clock
    identifiers: Identifiers
    tokens: TokenIssuer
    templates: MailTemplates
    send: SendMail
    front: ShopFront

    def claim(self, work: UnitOfWork, kind: Kind, subject_id: str, user: User | None) -> Notification | None:
        """None where this was sent before."""
        return prepare(
            work,
            kind=kind,
            subject_id=subject_id,
            user_id=user.id if user else None,
            clock=self.clock,
            identifiers=self.identifiers,
        )

    def to_user(
        self, work: UnitOfWork, kind: Kind, subject_id: str, user: User, **values: object
    ) -> Letter | None:
        """A mail to the stored address of a user."""
        notification = self.claim(work, kind, subject_id, user)
        if notification is None:
            return None
        return Letter(notification=notification, to=user.email, locale=user.locale, values=values)

    def link(self, url: str, token: str) -> dict[str, object]:
        """The values of a mail with a token; the link is empty where no web front end would open it."""
        return {"token": token, "link": f"{url}#token={token}" if url else ""}

    def post(self, letter: Letter) -> None:
        values = {"shop_name": self.front.name, **letter.values}
        self.send(
            notification=letter.notification,
            to=letter.to.address,
            content=self.templates.render(letter.notification.kind, letter.locale, values),
        )


@attrs.frozen(kw_only=True)
class SendRegistrationMail:
    """Reaction: mail the token to whoever wants an account, or tell them that they have one."""

    unit_of_work: UnitOfWorkFactory
    secretary: Secretary

    def __call__(self, *, registration_id: RegistrationId) -> None:
        with self.unit_of_work() as work:
            registration = work.registrations.get(registration_id)
            if registration is None or registration.used_at is not None:
                return
            letter = _invitation(self.secretary, work, registration, str(registration_id))
            if letter is None:
                return
            work.commit()
        self.secretary.post(letter)


def _invitation(
    secretary: Secretary, work: UnitOfWork, registration: Registration, subject_id: str
) -> Letter | None:
    """The token of a registration, or the news that there is an account already."""
    user = work.users.by_email(registration.email.key)
    if user is not None:
        return secretary.to_user(work, Kind.ACCOUNT_EXISTS, subject_id, user)
    notification = secretary.claim(work, Kind.VERIFY_EMAIL, subject_id, None)
    if notification is None:
        return None
    token = secretary.tokens.mail_token("verify-email", str(registration.id))
    registration.expect(token)
    work.registrations.save(registration)
    return Letter(
        notification=notification,
        to=registration.email,
        locale=registration.locale,
        values={
            **secretary.link(secretary.front.verify_url, token),
            "expires_at": registration.expires_at,
        },
    )


@attrs.frozen(kw_only=True)
class SendAccountMail:
    """Reaction: answer a request for a mail where there is such an account, and say nothing else."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    secretary: Secretary

    def __call__(self, *, request_id: AccountRequestId) -> None:
        with self.unit_of_work() as work:
            request = work.account_requests.get(request_id)
            if request is None or not request.open(at=self.clock.now()):
                return
            letters = self._letters(work, request)
            if not letters:
                return
            work.commit()
        for letter in letters:
            self.secretary.post(letter)

    def _letters(self, work: UnitOfWork, request: AccountRequest) -> list[Letter]:
        """A way back is mailed together with its change, and never alone."""
        if request.kind is RequestKind.VERIFICATION_MAIL:
            return _some(self._again(work, request))
        if request.kind is RequestKind.PASSWORD_RESET:
            return _some(self._reset(work, request))
        return self._change(work, request) if request.kind is RequestKind.EMAIL_CHANGE else []

    def _again(self, work: UnitOfWork, request: AccountRequest) -> Letter | None:
        user = work.users.by_email(request.email.key)
        if user is not None:
            return self.secretary.to_user(work, Kind.ACCOUNT_EXISTS, str(request.id), user)
        registration = work.registrations.pending(request.email.key, at=self.clock.now())
        return _invitation(self.secretary, work, registration, str(request.id)) if registration else None

    def _reset(self, work: UnitOfWork, request: AccountRequest) -> Letter | None:
        user = work.users.by_email(request.email.key)
        if user is None or user.disabled_at is not None:
            return None
        request.user_id = user.id
        return self.secretary.to_user(
            work,
            Kind.PASSWORD_RESET,
            str(request.id),
            user,
            **self._token(work, request, self.secretary.front.reset_url),
        )

    def _change(self, work: UnitOfWork, request: AccountRequest) -> list[Letter]:
        """The way back to the old address, and a token to the new one."""
        if request.user_id is None:
            return []
        user = work.users.get(request.user_id)
        owner = work.users.by_email(request.email.key)
        if owner is not None and owner.id != user.id:
            return _some(self.secretary.to_user(work, Kind.ACCOUNT_EXISTS, str(request.id), owner))
        mails = (
            (Kind.EMAIL_CHANGE_NOTICE, user.email, self._way_back(work, request, user)),
            (Kind.CHANGE_EMAIL, request.email, self._token(work, request, self.secretary.front.email_url)),
        )
        return [
            Letter(notification=notification, to=to, locale=user.locale, values=values)
            for kind, to, values in mails
            if (notification := self.secretary.claim(work, kind, str(request.id), user)) is not None
        ]

    def _token(self, work: UnitOfWork, request: AccountRequest, url: str) -> dict[str, object]:
        token = self.secretary.tokens.mail_token(request.kind, str(request.id))
        request.expect(token)
        work.account_requests.save(request)
        return {**self.secretary.link(url, token), "expires_at": request.expires_at}

    def _way_back(self, work: UnitOfWork, request: AccountRequest, user: User) -> dict[str, object]:
        token = self.secretary.tokens.mail_token(RequestKind.EMAIL_REVERT, str(request.id))
        way_back = work.account_requests.by_token(token_digest(token))
        if way_back is None:
            way_back = request.way_back(
                id=AccountRequestId(self.identifiers.uuid()),
                email=user.email,
                token=token,
                at=self.clock.now(),
            )
            work.account_requests.add(way_back)
        return {
            **self.secretary.link(self.secretary.front.revert_url, token),
            "expires_at": way_back.expires_at,
        }


@attrs.frozen(kw_only=True)
class SendSecurityMail:
    """Reaction: tell somebody what happened to their account, so that they can object.

    Times are RFC 3339; `due_at` is empty where nothing is going to happen.
    """

    unit_of_work: UnitOfWorkFactory
    secretary: Secretary

    def __call__(
        self, *, kind: Kind, user_id: UserId, subject_id: str, happened_at: str, due_at: str
    ) -> None:
        with self.unit_of_work() as work:
            user = work.users.get(user_id)
            if user.erased_at is not None:
                return
            letter = self.secretary.to_user(
                work, kind, subject_id, user, happened_at=datetime.fromisoformat(happened_at)
            )
            if letter is None:
                return
            work.commit()
        if due_at:
            letter.values["due_at"] = datetime.fromisoformat(due_at)
        self.secretary.post(letter)


def _some(letter: Letter | None) -> list[Letter]:
    return [] if letter is None else [letter]
