"""The picture shows what the address says; and which step counts where a code fits two."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pyotp
import pytest
import segno

from printapic.adapters.users.one_time_passwords import TotpOneTimePasswords

PASSWORDS = TotpOneTimePasswords(issuer="PrintAPic")
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
QUIET_ZONE = 4


def drawn(svg: str) -> list[list[int]]:
    """The modules that the picture's strokes make dark, without the quiet zone."""
    root = ElementTree.fromstring(svg)
    size = int(root.attrib["viewBox"].split()[-1])
    modules = [[0] * size for _ in range(size)]
    background, strokes = root
    assert background.attrib["fill"] == "#fff"
    assert background.attrib["d"] == f"M0 0h{size}v{size}h-{size}z"
    assert strokes.attrib["stroke"] == "#000"
    x, y = 0.0, -0.5  # a stroke one module wide lies on the middle of its row
    for right, down, length in re.findall(r"[Mm](-?[\d.]+) (-?[\d.]+)h(\d+)", strokes.attrib["d"]):
        x, y = x + float(right), y + float(down)
        for column in range(int(x), int(x) + int(length)):
            modules[int(y)][column] = 1
        x += float(length)
    border = [module for row in modules[:QUIET_ZONE] + modules[-QUIET_ZONE:] for module in row]
    assert not any(border)
    return [row[QUIET_ZONE:-QUIET_ZONE] for row in modules[QUIET_ZONE:-QUIET_ZONE]]


def test_the_picture_is_the_qr_code_of_the_address() -> None:
    enrolment = PASSWORDS.enrolment(SECRET, account="anna@example.org")
    code = segno.make_qr(enrolment.uri, error="m")
    assert drawn(enrolment.qr_svg) == [list(row) for row in code.matrix]
    assert code.error in {"M", "Q", "H"}


def test_a_code_that_fits_two_steps_uses_up_the_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {9: "123456", 10: "654321", 11: "123456"}
    monkeypatch.setattr(pyotp.TOTP, "generate_otp", lambda _self, step: codes[step])
    at = datetime.fromtimestamp(10 * 30 + 7, UTC)
    assert PASSWORDS.step(SECRET, "123456", at=at) == 11
    assert PASSWORDS.step(SECRET, "654321", at=at) == 10


def test_every_code_that_could_fit_is_compared_however_early_one_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []
    really = pyotp.TOTP.generate_otp

    def noted(self: pyotp.TOTP, step: int) -> str:
        made.append(step)
        return really(self, step)

    monkeypatch.setattr(pyotp.TOTP, "generate_otp", noted)
    at = datetime.fromtimestamp(3000, UTC)
    for code in (really(pyotp.TOTP(SECRET), 99), really(pyotp.TOTP(SECRET), 101), "no"):
        PASSWORDS.step(SECRET, code, at=at)
    assert made == [99, 100, 101] * 2


def test_a_secret_that_is_none_is_a_bug_and_no_wrong_code() -> None:
    for damaged in ("", "JBSWY3DP", "1" * 32):
        with pytest.raises(ValueError, match=r"bits|base32|padding|digit"):
            PASSWORDS.step(damaged, "123456", at=datetime.fromtimestamp(3000, UTC))
