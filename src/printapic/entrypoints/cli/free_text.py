"""Options into which people write what they like, and which are kept."""

from __future__ import annotations

import click

from printapic.entrypoints.http.card_numbers import holds_card_number


class FreeText(click.ParamType[str]):
    """Any text without a card number, as over HTTP. The refusal does not repeat it."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if holds_card_number(value):
            self.fail("card numbers are never kept here", param, ctx)
        return value


FREE_TEXT = FreeText()
