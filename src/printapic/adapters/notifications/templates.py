"""The words of every mail, from Jinja templates: one file for each kind and language.

A file holds the words once; `letter.*` and `order.*` make of them the text part and the HTML part, so the
two cannot come to differ. Words that many mails use stand in each language's `labels.jinja`.

| kind | values |
|---|---|
| every kind | `shop_name` |
| `verify-email`, `password-reset`, `change-email`, `email-change-notice` | `link` (may be empty), `token`, `expires_at` |
| `account-exists` | |
| `mfa-reset-requested` | `due_at` |
| every other kind about an account | `happened_at` |
| every kind about an order | `customer_name` (may be empty), `order_number`, `order_url` (may be empty), `lines` (a list of `name`, `quantity`, `line_total`, `thumbnail_cid`, which may be None), `items_total`, `shipping`, `tax`, `total`, `ship_to` (the lines of the address) |
| `order-placed` | `pay_until` |
| `payment-received` | `edit_until` |
| `shipped` | `carrier`, `tracking_number`, `tracking_url` (may be None) |
| `refunded` | `amount` |

Times are aware datetimes and are told in UTC, which is named; amounts are texts such as `12.90 EUR`. The
mails about accounts never repeat a name: whoever registers a stranger's address chooses the name, and the
shop would deliver it.
"""  # noqa: E501 - a table has one row a line

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError
from jinja2.environment import TemplateModule
from markupsafe import Markup

from printapic.application.ports.notifications import MailContent, MailTemplates
from printapic.domain.notifications.notification import NotificationKind
from printapic.domain.users.user import Locale

_WIDTH = 76
_INVISIBLE = ("Cc", "Cs", "Zl", "Zp")
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_WEB_LINK = re.compile(r"https?://[^\s<>\"]+", re.ASCII)
_BLANK_LINE = re.compile(r"\n\s*\n")


class JinjaMailTemplates(MailTemplates):
    """Renders the templates beside this module, each of which is compiled once in a process, when needed."""

    def render(self, kind: NotificationKind, locale: Locale, values: Mapping[str, object]) -> MailContent:
        """Control characters in `values` become spaces. Raises `LookupError` for a missing value."""
        plain = {name: _plain(value) for name, value in values.items()}
        try:
            return MailContent(
                subject=_subject(_environment(html=False), kind, locale, plain),
                text=_body(_environment(html=False), "txt", kind, locale, plain),
                html=_body(_environment(html=True), "html", kind, locale, plain),
            )
        except UndefinedError as error:
            raise LookupError(f"the mail {kind} in {locale}: {error.message}") from error


@cache
def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("printapic.adapters.notifications"),
        autoescape=html,  # noqa: S701 - the text part is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not html,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters["paragraphs"] = _html_paragraphs if html else _text_paragraphs
    environment.filters["code"] = _html_code if html else str
    environment.filters["ledger"] = _ledger
    environment.filters["utc"] = _utc
    environment.tests["weblink"] = _is_web_link
    return environment


def _context(environment: Environment, part: str, locale: Locale) -> dict[str, object]:
    labels: TemplateModule = environment.get_template(f"{locale}/labels.jinja").module
    return {
        "letter": f"letter.{part}.jinja",
        "order": f"order.{part}.jinja",
        "label": labels,
        "locale": str(locale),
    }


def _body(
    environment: Environment, part: str, kind: NotificationKind, locale: Locale, values: Mapping[str, object]
) -> str:
    template = environment.get_template(f"{locale}/{kind}.jinja")
    return template.render({**values, **_context(environment, part, locale)})


def _subject(
    environment: Environment, kind: NotificationKind, locale: Locale, values: Mapping[str, object]
) -> str:
    template = environment.get_template(f"{locale}/{kind}.jinja")
    context = template.new_context({**values, **_context(environment, "txt", locale)})
    return " ".join("".join(template.blocks["subject"](context)).split())


def _plain(value: object) -> object:
    """Every text in it on one line, and without the marks that turn the direction of reading."""
    match value:
        case str():
            return "".join(" " if _invisible(character) else character for character in value)
        case Mapping():
            return MappingProxyType({name: _plain(inner) for name, inner in value.items()})
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE or character in _DIRECTIONS


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a time in a mail needs its zone")
    return moment.astimezone(UTC)


def _is_web_link(text: object) -> bool:
    """Whether a mail may link there: neither empty nor `javascript:`."""
    return _WEB_LINK.fullmatch(str(text)) is not None


def _text_paragraphs(text: str) -> str:
    paragraphs = [" ".join(paragraph.split()) for paragraph in _BLANK_LINE.split(text.strip())]
    return "\n\n".join(
        textwrap.fill(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)
        for paragraph in paragraphs
    )


def _ledger(name: str, amount: str) -> str:
    """A line of a bill as text: the amount at the right margin, beside the end of a long name."""
    *above, last = textwrap.wrap(name, _WIDTH - 18) or [""]
    return "\n".join([*above, f"{last:<{_WIDTH - 16}}{amount:>16}"])


def _html_paragraphs(text: str) -> Markup:
    """`text` is escaped already: it comes out of a block of an autoescaping template."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in _BLANK_LINE.split(text.strip())]
    return Markup("\n").join(
        Markup('<p style="margin:0 0 16px;">{}</p>').format(Markup(paragraph))  # noqa: S704
        for paragraph in paragraphs
    )


def _html_code(text: str) -> Markup:
    return Markup(
        '<span class="code" style="display:inline-block;padding:8px 12px;border:1px solid #e4e2dd;'
        "border-radius:6px;background-color:#f4f3f0;color:#26241f;word-break:break-all;"
        'font-family:ui-monospace,Menlo,Consolas,monospace;font-size:15px;">{}</span>'
    ).format(text)
