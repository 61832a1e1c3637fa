"""Which certificates may sign PayPal's notifications: the web's rules (RFC 5280), and some of our own."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

DEPTH = 4
SMALLEST_KEY_BITS, LARGEST_KEY_BITS = 2048, 8192
_END = b"-----END CERTIFICATE-----"


class ChainOfTrust:
    """The roots that are believed, and intermediates that help to reach them. Thread-safe.

    Without `roots` they are certifi's. `intermediates` are not believed by themselves: they stand in for
    those that a server forgets to send.
    """

    def __init__(
        self,
        *,
        roots: Iterable[x509.Certificate] | None = None,
        intermediates: Iterable[x509.Certificate] = (),
    ) -> None:
        self._roots = Store(list(well_known_roots() if roots is None else roots))
        self._intermediates = tuple(intermediates)

    def reaches_root(self, chain: Sequence[x509.Certificate], *, name: str, at: datetime) -> bool:
        """Whether the first of `chain` leads to a root, as a server called `name` would have to at that time.

        False says nothing against the certificate: what is between may only be missing.
        """
        leaf, *others = chain
        policy = PolicyBuilder().store(self._roots).time(at).max_chain_depth(DEPTH)
        try:
            policy.build_server_verifier(x509.DNSName(name)).verify(leaf, [*others, *self._intermediates])
        except (VerificationError, ValueError):
            return False
        return True


def signing_key(leaf: x509.Certificate, *, name: str, at: datetime) -> RSAPublicKey | None:
    """The key of a certificate that may sign for `name` at that time, whoever issued it; else None."""
    try:
        key = leaf.public_key()
        if not isinstance(key, RSAPublicKey) or not SMALLEST_KEY_BITS <= key.key_size <= LARGEST_KEY_BITS:
            return None
        in_time = leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc
        issued = leaf.issuer != leaf.subject
        return key if in_time and issued and _may_serve(leaf, name) else None
    except Exception:
        # Certificates hold anything, and each of its parts is read with errors of its own.
        return None


def _may_serve(leaf: x509.Certificate, name: str) -> bool:
    """The name in full (no pattern), and every usage that the certificate speaks of."""
    extensions = leaf.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return (
        name in (each.lower() for each in names.get_values_for_type(x509.DNSName))
        and ExtendedKeyUsageOID.SERVER_AUTH in usages
        and _may_sign(extensions)
        and not _is_authority(extensions)
    )


def _may_sign(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return True


def _is_authority(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def well_known_roots() -> tuple[x509.Certificate, ...]:
    """Those that come with certifi, but for any that the library cannot read."""
    blocks = Path(certifi.where()).read_bytes().split(_END)[:-1]
    with warnings.catch_warnings():
        # Some roots are older than the rules, which the library says of each. We do not choose them.
        warnings.simplefilter("ignore")
        return tuple(certificate for block in blocks if (certificate := _readable(block + _END)))


def _readable(pem: bytes) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None


def read_bundle(path: Path) -> tuple[x509.Certificate, ...]:
    """Certificates from a PEM file. Raises `OSError`, and `ValueError` where one cannot be read."""
    return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
