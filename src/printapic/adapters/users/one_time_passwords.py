"""Second factors: time-based one-time passwords by pyotp, QR codes by segno, recovery codes."""

from __future__ import annotations

import base64
import hmac
import io
import re
import secrets
from datetime import datetime

import pyotp

from printapic.application.ports.secrets import Enrolment, OneTimePasswords

_PERIOD_S = 30
_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)
_LONGEST_TYPED = 32
_RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_GROUP = 4


class TotpOneTimePasswords(OneTimePasswords):
    """RFC 6238 for whatever app the customer has; `issuer` is the shop's name, which the app shows.

    A code may be typed with spaces, as apps show it. Digits of other scripts are no digits: pyotp alone
    would take them, so the same code would have many spellings.
    """

    def __init__(self, *, issuer: str) -> None:
        # The label's parts are joined by a colon, which apps look for after decoding it.
        self._issuer = " ".join(issuer.replace(":", " ").split())

    def new_secret(self) -> str:
        return pyotp.random_base32()

    def enrolment(self, secret: str, *, account: str) -> Enrolment:
        """The address has the form that Google Authenticator's wiki describes (Key Uri Format).

        The picture has error correction M or better, its quiet zone, and black on white whatever the page's
        colours are. It takes the width that the page gives it, in an `img` as well as inline.
        """
        # Takes a tenth of a second to load, which a shop need not spend when it starts.
        import segno

        uri = pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=self._issuer)
        picture = io.BytesIO()
        segno.make_qr(uri, error="m").save(
            picture,
            kind="svg",
            xmldecl=False,
            omitsize=True,
            dark="#000",
            light="#fff",
            svgclass=None,
            lineclass=None,
            nl=False,
        )
        return Enrolment(uri=uri, qr_svg=picture.getvalue().decode())

    def step(self, secret: str, code: str, *, at: datetime) -> int | None:
        """Takes as long for every code. Where six digits fit two steps it is the later one.

        Raises `ValueError` for a secret that `new_secret` did not make.
        """
        if len(code) > _LONGEST_TYPED or not _DIGITS.fullmatch(code.replace(" ", "")):
            return None
        typed, now = code.replace(" ", ""), int(at.timestamp() // _PERIOD_S)
        password = pyotp.TOTP(secret)
        steps = range(max(0, now - 1), now + 2)
        fitting = [step for step in steps if hmac.compare_digest(password.generate_otp(step), typed)]
        return max(fitting, default=None)

    def recovery_codes(self) -> tuple[str, ...]:
        return tuple(_recovery_code() for _ in range(_RECOVERY_CODES))


def _recovery_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))
