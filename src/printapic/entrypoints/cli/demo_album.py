"""What the demo leaves behind: the pictures, the mails, and a page that shows them all."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from printapic.entrypoints.cli.demo_journey import Results


def write_album(out: Path, results: Results) -> Path:
    """Write the pictures, the mails and `index.html`, which is returned, into `out`.

    `original.*`, `thumbnail.jpg`, `preview.jpg`, `print.jpg` (from the second photo on with its number),
    and `mail/*.eml`.
    """
    photos = []
    for position, photo in enumerate(results.photos, start=1):
        number = "" if position == 1 else f"-{position}"
        files = {
            f"original{number}{photo.suffix}": photo.original,
            f"thumbnail{number}.jpg": photo.renditions["thumbnail"],
            f"preview{number}.jpg": photo.renditions["preview"],
            f"print{number}.jpg": photo.print_file,
        }
        for name, content in files.items():
            (out / name).write_bytes(content)
        sizes = [(name, len(content)) for name, content in files.items()]
        photos.append({"photo": photo, "files": sizes})
    mails = [_write_mail(out, number, mail) for number, mail in enumerate(results.mails, start=1)]
    environment = Environment(
        loader=PackageLoader("printapic.entrypoints.cli"), autoescape=True, undefined=StrictUndefined
    )
    page = out / "index.html"
    page.write_text(
        environment.get_template("album.html.jinja").render(
            photos=photos, order=results.order, history=results.history, mails=mails
        ),
        "utf-8",
    )
    return page


def _write_mail(out: Path, number: int, mail: EmailMessage) -> dict[str, str]:
    """Store one mail; its pictures become data URLs in the page, which must not load anything."""
    folder = out / "mail"
    folder.mkdir(exist_ok=True)
    words = "".join(letter if letter.isalnum() else "-" for letter in str(mail["Subject"]).lower())
    name = f"{number:02}-{'-'.join(filter(None, words.split('-')))[:60]}.eml"
    (folder / name).write_bytes(mail.as_bytes())
    return {"file": f"mail/{name}", "subject": str(mail["Subject"]), "html": _html(mail)}


def _html(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    html = str(body.get_content()) if body else ""
    for part in mail.walk():
        content_id = str(part["Content-ID"] or "").strip("<>")
        if content_id:
            encoded = "".join(str(part.get_payload()).split())
            html = html.replace(f"cid:{content_id}", f"data:{part.get_content_type()};base64,{encoded}")
    return html
