"""PayPal's signing desk as a test can have it: certificates of every kind, and signed deliveries."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self, TypeAlias, TypeVar

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from printapic.application.ports.payments import RawDelivery

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
SIGNER = "messageverificationcerts.paypal.com"
URL = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-12345678"
WEBHOOK_ID = "4JH86294D6297924G"
AnyAuthority = TypeVar("AnyAuthority", bound="Authority")
Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(which: str = "signer", bits: int = 2048) -> rsa.RSAPrivateKey:
    """Made once a process: each costs a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(which: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def usage(*, sign: bool = True, issue: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=not issue,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issue,
        crl_sign=issue,
        encipher_only=False,
        decipher_only=False,
    )


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@attrs.frozen(kw_only=True)
class Authority:
    """Somebody who issues certificates: a root, or one below it."""

    certificate: x509.Certificate
    key: Key

    @classmethod
    def root(cls, common: str = "A root") -> Self:
        return _authority(cls, common, issuer=None)

    def below(self, common: str = "An intermediate", **odd: Any) -> Self:
        return _authority(type(self), common, issuer=self, **odd)

    def issue(
        self,
        *,
        names: tuple[str, ...] = (SIGNER,),
        since: datetime = NOON - YEAR,
        until: datetime = NOON + YEAR,
        usages: tuple[ObjectIdentifier, ...] = (ExtendedKeyUsageOID.SERVER_AUTH,),
        may: x509.KeyUsage | None = None,
        authority: bool = False,
        key: Key | None = None,
        subject: str = SIGNER,
    ) -> x509.Certificate:
        """A certificate such as PayPal signs with, unless said otherwise."""
        builder = _builder(key or rsa_key(), subject, self.certificate.subject, since, until)
        builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
        builder = builder.add_extension(may or usage(), critical=True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
            builder = builder.add_extension(alternatives, critical=False)
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _authority(
    kind: type[AnyAuthority],
    common: str,
    *,
    issuer: Authority | None,
    since: datetime = NOON - 20 * YEAR,
    until: datetime = NOON + 20 * YEAR,
) -> AnyAuthority:
    key = ec_key(common)
    signer = issuer.key if issuer else key
    issuer_name = issuer.certificate.subject if issuer else name(common)
    builder = _builder(key, common, issuer_name, since, until)
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    builder = builder.add_extension(usage(issue=True), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    return kind(certificate=builder.sign(signer, hashes.SHA256()), key=key)


def _builder(
    key: Key, subject: str, issuer: x509.Name, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def event(**fields: Any) -> bytes:
    """A body as PayPal writes one."""
    body = {
        "id": "WH-0G2756385H040842W-5Y612302CV158622M",
        "event_version": "1.0",
        "create_time": "2026-11-22T11:59:58.123Z",
        "resource_type": "capture",
        "resource_version": "2.0",
        "event_type": "PAYMENT.CAPTURE.COMPLETED",
        "summary": "Payment completed for € 12.90 EUR",
        "resource": {
            "id": "3C679366HH908993F",
            "status": "COMPLETED",
            "amount": {"currency_code": "EUR", "value": "12.90"},
            "supplementary_data": {"related_ids": {"order_id": "5O190127TN364715T"}},
        },
    }
    return json.dumps(body | fields, ensure_ascii=False, separators=(",", ":")).encode()


@attrs.frozen(kw_only=True)
class Letter:
    """One delivery before it is signed; `attrs.evolve` makes any other of it."""

    body: bytes = attrs.field(factory=event)
    id: str = "dfb3be50-fd74-11e4-8bf3-77339302725b"
    time: str = "2026-11-22T12:00:00Z"
    webhook_id: str = WEBHOOK_ID
    url: str = URL
    received_at: datetime = NOON

    def text(self) -> bytes:
        return f"{self.id}|{self.time}|{self.webhook_id}|{zlib.crc32(self.body)}".encode()

    def signature(self, key: rsa.RSAPrivateKey | None = None) -> bytes:
        return (key or rsa_key()).sign(self.text(), padding.PKCS1v15(), hashes.SHA256())

    def headers(self, signature: bytes | None = None) -> dict[str, str]:
        return {
            "content-type": "application/json",
            "paypal-transmission-id": self.id,
            "paypal-transmission-time": self.time,
            "paypal-transmission-sig": base64.b64encode(signature or self.signature()).decode(),
            "paypal-cert-url": self.url,
            "paypal-auth-algo": "SHA256withRSA",
        }

    def delivery(self, *, signature: bytes | None = None, **headers: Any) -> RawDelivery:
        """Signed. A header given (`paypal_cert_url=...`) replaces the right one; None removes it."""
        changed: Mapping[str, str | None] = {
            **self.headers(signature),
            **{each.replace("_", "-"): value for each, value in headers.items()},
        }
        kept = {each: value for each, value in changed.items() if value is not None}
        return RawDelivery(body=self.body, headers=kept, received_at=self.received_at)
