"""Whom PayPal's certificate has to come from, what it has to say, and when PayPal itself is asked (W10)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.unit.adapters.payments.paypal.authority import (
    NOON,
    SIGNER,
    URL,
    WEBHOOK_ID,
    Authority,
    Letter,
    ec_key,
    event,
    rsa_key,
    usage,
)
from tests.unit.adapters.payments.paypal.recipient import Recipient, alone, certificate, intermediate, root

SECOND = timedelta(seconds=1)


def test_w10_a_certificate_that_comes_alone_is_completed_by_our_own_intermediates() -> None:
    recipient = Recipient(presented=(certificate(),), intermediates=(intermediate().certificate,))
    assert recipient.takes(Letter().delivery()).ref
    assert recipient.questions == []


def test_w10_a_chain_of_several_intermediates_in_any_order_is_followed() -> None:
    second = intermediate().below("Another intermediate")
    leaf = second.issue()
    behind = (intermediate().certificate, second.certificate)
    assert Recipient(presented=(leaf, *behind)).takes(Letter().delivery()).ref
    assert Recipient(presented=(leaf, *reversed(behind))).takes(Letter().delivery()).ref


# What PayPal itself is asked about


def test_w10_where_the_chain_cannot_be_built_paypal_is_asked_with_the_very_bytes() -> None:
    recipient = alone(opinion=True)
    body = b' {"zero": 1.10, ' + event()[1:].replace(b'":', b'" :\t') + b"\n"
    letter = Letter(body=body)
    assert recipient.takes(letter.delivery()).ref == "5O190127TN364715T"
    (question,) = recipient.questions
    assert body in question
    assert json.loads(question) == {
        "auth_algo": "SHA256withRSA",
        "cert_url": URL,
        "transmission_id": letter.id,
        "transmission_sig": letter.headers()["paypal-transmission-sig"],
        "transmission_time": letter.time,
        "webhook_id": WEBHOOK_ID,
        "webhook_event": json.loads(body),
    }


def test_w10_paypal_is_asked_about_the_webhook_that_the_delivery_was_signed_for() -> None:
    recipient = alone(opinion=True, webhook_ids=("0AAAAAAAAAAAAAAAA", WEBHOOK_ID))
    recipient.takes(Letter().delivery())
    assert json.loads(recipient.questions[0])["webhook_id"] == WEBHOOK_ID


def test_w10_what_paypal_denies_is_rejected() -> None:
    recipient = alone(opinion=False)
    assert not recipient.refuses(Letter().delivery())
    assert len(recipient.questions) == 1


def test_w10_where_paypal_does_not_answer_the_delivery_has_to_come_again() -> None:
    recipient = alone(opinion=None)
    assert recipient.cannot_tell(Letter().delivery())
    assert len(recipient.questions) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"roots": (Authority.root("Another root").certificate,)},
        {"roots": None},
        {"presented": (Authority.root("A stranger").issue(),)},
        {"presented": (certificate(), Authority.root("A root").certificate)},
        {"presented": (intermediate().below("Expired", until=NOON - SECOND).issue(),)},
    ],
    ids=["root-unknown", "root-not-certifi's", "own-authority", "wrong-intermediate", "no-intermediate"],
)
def test_w10_whoever_issued_the_certificate_is_paypals_word_to_give(odd: dict[str, Any]) -> None:
    assert not alone(**odd, opinion=False).refuses(Letter().delivery())
    assert alone(**odd, opinion=None).cannot_tell(Letter().delivery())


def test_w10_an_intermediate_that_may_not_issue_leads_to_no_root() -> None:
    """A leaf with a key of its own that signs another leaf: the oldest mistake of all."""
    imposter = Authority(
        certificate=intermediate().issue(key=ec_key("imposter"), subject="An imposter"),
        key=ec_key("imposter"),
    )
    presented = (imposter.issue(), imposter.certificate, intermediate().certificate)
    recipient = Recipient(presented=presented, opinion=False)
    assert not recipient.refuses(Letter().delivery())


def test_w10_an_expired_intermediate_leads_to_no_root() -> None:
    expired = root().below("Expired", until=NOON - SECOND)
    recipient = Recipient(presented=(expired.issue(), expired.certificate), opinion=None)
    assert recipient.cannot_tell(Letter().delivery())


def test_w10_a_bad_signature_is_rejected_without_asking_paypal() -> None:
    assert alone(opinion=True).refuses(Letter().delivery(signature=b"x" * 256))


def test_w10_what_is_no_json_is_never_put_into_a_question() -> None:
    """Such a body could close the question's braces and answer it itself."""
    body = event() + b', "webhook_id": "0AAAAAAAAAAAAAAAA"'
    assert alone(opinion=True).refuses(Letter(body=body).delivery())


# Certificates that must not sign


def self_signed() -> x509.Certificate:
    itself = Authority(certificate=Authority.root(SIGNER).certificate, key=rsa_key())
    return itself.issue(key=rsa_key())


UNFIT: dict[str, Callable[[], x509.Certificate]] = {
    "self-signed": self_signed,
    "expired": lambda: intermediate().issue(until=NOON - SECOND),
    "not-yet-valid": lambda: intermediate().issue(since=NOON + SECOND),
    "another-name": lambda: intermediate().issue(names=("www.paypal.com",)),
    "a-longer-name": lambda: intermediate().issue(names=(f"{SIGNER}.example.com",)),
    "a-name-below": lambda: intermediate().issue(names=(f"www.{SIGNER}",)),
    "a-pattern": lambda: intermediate().issue(names=("*.paypal.com",)),
    "the-sandbox": lambda: intermediate().issue(names=("messageverificationcerts.sandbox.paypal.com",)),
    "no-name": lambda: intermediate().issue(names=()),
    "client-only": lambda: intermediate().issue(usages=(ExtendedKeyUsageOID.CLIENT_AUTH,)),
    "mail-only": lambda: intermediate().issue(usages=(ExtendedKeyUsageOID.EMAIL_PROTECTION,)),
    "any-usage": lambda: intermediate().issue(usages=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
    "no-usage": lambda: intermediate().issue(usages=()),
    "may-not-sign": lambda: intermediate().issue(may=usage(sign=False)),
    "an-authority": lambda: intermediate().issue(authority=True),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_w10_a_certificate_that_must_not_sign_is_rejected_without_asking_paypal(unfit: str) -> None:
    presented = (UNFIT[unfit](), intermediate().certificate)
    recipient = Recipient(presented=presented, opinion=True)
    assert recipient.refuses(Letter().delivery())
    assert recipient.downloads == [URL]


def test_w10_a_short_rsa_key_is_rejected() -> None:
    key = rsa_key("short", 1024)
    recipient = Recipient(presented=(intermediate().issue(key=key), intermediate().certificate), opinion=True)
    letter = Letter()
    assert recipient.refuses(letter.delivery(signature=letter.signature(key)))


def test_w10_a_key_that_is_not_rsa_is_rejected() -> None:
    key = ec_key("leaf")
    recipient = Recipient(presented=(intermediate().issue(key=key), intermediate().certificate), opinion=True)
    letter = Letter()
    signature = key.sign(letter.text(), ec.ECDSA(hashes.SHA256()))
    assert recipient.refuses(letter.delivery(signature=signature))


def test_w10_a_name_in_capitals_is_the_same_name() -> None:
    presented = (intermediate().issue(names=(SIGNER.upper(),)), intermediate().certificate)
    assert Recipient(presented=presented, opinion=True).takes(Letter().delivery()).ref


def test_w10_the_certificates_dates_are_those_of_the_delivery() -> None:
    """A certificate that expires while it is kept signs nothing any more."""
    presented = (intermediate().issue(until=NOON + timedelta(hours=1)), intermediate().certificate)
    verifier = Recipient(presented=presented).verifier()
    assert verifier.verify(Letter().delivery()).ref
    late = Letter(received_at=NOON + timedelta(hours=1) + SECOND)
    with pytest.raises(Exception, match="not genuine"):
        verifier.verify(late.delivery())
