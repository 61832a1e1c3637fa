"""Mail about accounts."""

from __future__ import annotations

import hashlib

import attrs

from printapic.application.notifications.delivery import SendMail, ShopFront, prepare
from printapic.application.ports.clock import Clock
from printapic.application.ports.identifiers import Identifiers
from printapic.application.ports.notifications import MailTemplates
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import TokenIssuer
from printapic.domain.ids import RegistrationId
from printapic.domain.notifications.notification import NotificationKind


@attrs.frozen(kw_only=True)
class SendRegistrationMail:
    """Reaction: mail the token to whoever wants an account, or tell them that they have one.

    The token is derived, so a mail that is sent again carries the same one; its SHA-256 is stored
    before the mail leaves.
    """

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    identifiers: Identifiers
    tokens: TokenIssuer
    templates: MailTemplates
    send: SendMail
    front: ShopFront

    def __call__(self, *, registration_id: RegistrationId) -> None:
        token = self.tokens.mail_token("verify-email", str(registration_id))
        with self.unit_of_work() as work:
            registration = work.registrations.get(registration_id)
            if registration is None or registration.used_at is not None:
                return
            user = work.users.by_email(registration.email.key)
            kind = NotificationKind.ACCOUNT_EXISTS if user else NotificationKind.VERIFY_EMAIL
            notification = prepare(
                work,
                kind=kind,
                subject_id=str(registration_id),
                user_id=user.id if user else None,
                clock=self.clock,
                identifiers=self.identifiers,
            )
            if notification is None:
                return
            if user is None:
                registration.token_sha256 = hashlib.sha256(token.encode()).hexdigest()
                work.registrations.save(registration)
            work.commit()
        values: dict[str, object] = {
            "shop_name": self.front.name,
            "customer_name": (user.name if user else registration.name) or "",
        }
        if user is None:
            link = f"{self.front.verify_url}#token={token}" if self.front.verify_url else ""
            values |= {"token": token, "verify_url": link, "expires_at": registration.expires_at}
        locale = user.locale if user else registration.locale
        self.send(
            notification=notification,
            to=user.email.address if user else registration.email.address,
            content=self.templates.render(kind, locale, values),
        )
