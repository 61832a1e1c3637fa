from __future__ import annotations

import pytest

from printapic.adapters.notifications.message import Sender


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("shop@example.com", "shop@example.com"),
        ("<shop@example.com>", "shop@example.com"),
        (" PrintAPic <shop@example.com> ", "PrintAPic <shop@example.com>"),
        ('"Prints, Inc." <shop@example.com>', '"Prints, Inc." <shop@example.com>'),
        ("Prints, Inc. <shop@example.com>", '"Prints, Inc." <shop@example.com>'),
        ("Müllers Fotos <shop@müller.example>", "Müllers Fotos <shop@xn--mller-kva.example>"),
        ("Two\nlines <shop@example.com>", "Two lines <shop@example.com>"),
        ("PrintAPic <shop@localhost>", "PrintAPic <shop@localhost>"),
    ],
)
def test_a_sender_is_a_name_and_an_address(text: str, header: str) -> None:
    assert str(Sender.parse(text).header) == header
