"""HTML: the few pages that people see, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from jinja2 import Environment, PackageLoader, StrictUndefined

TEMPLATES = Environment(
    loader=PackageLoader("printapic.entrypoints.http"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
STYLE = TEMPLATES.get_template("page.css").render()


def page_policy(style: str, *, forms_to: Iterable[str] = ()) -> str:
    """A Content-Security-Policy that allows this one style sheet, and forms to this shop.

    Browsers apply `form-action` to the redirect that answers a form too, so the origins to which the
    customer may be sent back have to be in it.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    forms = " ".join(["'self'", *sorted(forms_to)])
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action {forms}; base-uri 'none';"
        " frame-ancestors 'none'"
    )
