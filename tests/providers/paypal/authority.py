"""Whom tests trust in the place of PayPal's authority: a root, an intermediate, a signing certificate."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIVE_NAME = "messageverificationcerts.paypal.com"
SANDBOX_NAME = "messageverificationcerts.sandbox.paypal.com"
_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2048, 1, 1, tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Authority:
    """All as PEM. `key_pem` is the signing key, which only the simulator may have."""

    root_pem: str
    intermediate_pem: str
    certificate_pem: str
    key_pem: str = attrs.field(repr=False)


@cache
def new_authority() -> Authority:
    """One for each process: making RSA keys takes a third of a second."""
    keys = [generate_private_key(65537, 2048) for _ in range(3)]
    root_name, issuer_name, leaf_name = (_name(of) for of in ("Root", "Intermediate", LIVE_NAME))
    root = _authority_certificate(root_name, keys[0], issuer=root_name, issuer_key=keys[0], depth=1)
    issuer = _authority_certificate(issuer_name, keys[1], issuer=root_name, issuer_key=keys[0], depth=0)
    leaf = (
        _drafted(leaf_name, keys[2], issuer=issuer_name, issuer_key=keys[1])
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(LIVE_NAME), x509.DNSName(SANDBOX_NAME)]), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs=True), critical=True)
        .sign(keys[1], hashes.SHA256())
    )
    return Authority(
        root_pem=_pem(root),
        intermediate_pem=_pem(issuer),
        certificate_pem=_pem(leaf),
        key_pem=_key_pem(keys[2]),
    )


def _name(of: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Simulated {of}")])


def _authority_certificate(
    name: x509.Name, key: RSAPrivateKey, *, issuer: x509.Name, issuer_key: RSAPrivateKey, depth: int
) -> x509.Certificate:
    return (
        _drafted(name, key, issuer=issuer, issuer_key=issuer_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _drafted(
    name: x509.Name, key: RSAPrivateKey, *, issuer: x509.Name, issuer_key: RSAPrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
