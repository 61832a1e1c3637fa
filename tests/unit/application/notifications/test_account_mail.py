"""Mail about accounts: the token, and nothing of it anywhere else."""

from __future__ import annotations

from hashlib import sha256

import attrs

from printapic.application.ports.notifications import MailUnavailable
from printapic.domain.ids import RegistrationId
from printapic.domain.users.user import Locale
from tests.shop_floor import MINUTE, PASSWORD, WEB, ShopFloor


def test_the_token_stands_in_the_mail_and_only_its_digest_in_the_shop(floor: ShopFloor) -> None:
    floor.shop.register(email="anna@example.org", password=PASSWORD)
    floor.work()
    token = floor.token()
    (registration,) = floor.unit_of_work.state.tables()["registrations"].values()
    assert registration.token_sha256 == sha256(token.encode()).hexdigest()
    assert token not in repr(floor.unit_of_work.state.tables())
    assert token not in repr(floor.worker.list())
    assert f"{WEB}/verify#token={token}" in floor.mailer.mails[0].content.html


def test_a_mail_that_is_sent_again_carries_the_same_token(floor: ShopFloor) -> None:
    floor.shop.register(email="anna@example.org", password=PASSWORD)
    floor.mailer.failure = MailUnavailable()
    floor.work()
    (before,) = floor.unit_of_work.state.tables()["registrations"].values()
    floor.mailer.failure = None
    floor.later(MINUTE)
    (after,) = floor.unit_of_work.state.tables()["registrations"].values()
    assert after.token_sha256 == before.token_sha256 == sha256(floor.token().encode()).hexdigest()


def test_without_a_web_front_end_the_token_stands_alone(floor: ShopFloor) -> None:
    floor.shop.register(email="anna@example.org", password=PASSWORD, name="Anna", locale=Locale.DE)
    (job,) = floor.worker.list()
    mail = floor.shop.send_registration_mail
    nowhere = attrs.evolve(mail.secretary.front, verify_url="")
    alone = attrs.evolve(mail, secretary=attrs.evolve(mail.secretary, front=nowhere))
    (registration,) = floor.unit_of_work.state.tables()["registrations"].values()
    alone(registration_id=RegistrationId(registration.id))
    assert job.payload == {"registration_id": str(registration.id)}
    text = floor.mailer.mails[0].content.text
    assert "token=" not in text
    assert mail.secretary.tokens.mail_token("verify-email", str(registration.id)) in text
