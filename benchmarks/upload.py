"""Taking photos in: `POST /v1/images` against the framework's own `UploadFile` written to a file.

The photos are there already, so that both sides only receive: ours reads, hashes, spools and looks the
photo up; the peer spools and writes. What it costs to take in a new one is shown below, without a peer.
"""

from __future__ import annotations

import json
import secrets
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table

from benchmarks.bursts import (
    LoadGenerator,
    Paired,
    Request,
    Side,
    WrongAnswer,
    alternated,
    load_generator,
)
from benchmarks.customers import Customer, photo
from benchmarks.pairs import Ratio
from benchmarks.servers import Served, bare_server, cpu_seconds, memory_mb, shop_server

CONNECTIONS = 4
PIXELS = ((2300, 1530), (3750, 2500), (5900, 3930))
"""Some 3, 8 and 20 MB of noise."""


@attrs.frozen(kw_only=True)
class Form:
    """One photo as the body of a form, in a file for the load generator."""

    photo: bytes
    file: Path
    boundary: str

    @classmethod
    def of(cls, content: bytes, folder: Path) -> Form:
        """Write the form down."""
        boundary = secrets.token_hex(16)
        file = folder / boundary
        head = (
            f"--{boundary}\r\n"
            'Content-Disposition: form-data; name="file"; filename="photo.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        file.write_bytes(head.encode() + content + f"\r\n--{boundary}--\r\n".encode())
        return cls(photo=content, file=file, boundary=boundary)

    def request(self, path: str, status: int, headers: dict[str, str]) -> Request:
        """POST it."""
        kind = {"Content-Type": f"multipart/form-data; boundary={self.boundary}"}
        return Request(method="POST", path=path, status=status, headers={**kind, **headers}, file=self.file)


def main(*, short: bool = False) -> None:
    """Print two lines for each size of photo, and one for a new photo."""
    table = Table(title=f"Uploads on SQLite, {CONNECTIONS} connections, medians (quartiles of the pairs)")
    table.add_column("photo")
    for column in ("MB/s", "CPU ms/MB", "rate ratio", "CPU ratio", "client"):
        table.add_column(column, justify="right")
    pairs, seconds = (2, 0.2) if short else (11, 1.0)
    with opened() as (customer, bare, folder), load_generator() as load:
        for pixels in PIXELS[:1] if short else PIXELS:
            form = Form.of(photo(*pixels), folder)
            customer.upload(form.photo)
            add_rows(table, form, measured(form, customer, bare, load, pairs=pairs, seconds=seconds))
        most = [memory_mb(served.pid)["VmHWM"] for served in (customer.served, bare)]
        new = Ratio.of([_new(customer) for _ in range(2 if short else 15)])
    console = Console(width=130)
    console.print(table)
    console.print(f"Most memory: ours {most[0]:.0f} MB with the photos once decoded, peer {most[1]:.0f} MB")
    console.print(f"A new photo of 12 MP, checked, stored and shown in three sizes: CPU s {new}")


def measured(
    form: Form, customer: Customer, bare: Served, load: LoadGenerator, *, pairs: int, seconds: float
) -> Paired:
    """The same photo again and again. Raises `WrongAnswer` where not all of it arrived."""
    shop = customer.served
    ours = form.request("/v1/images", 200, customer.headers())
    paired = alternated(
        load,
        Side(port=shop.port, request=ours, processes=(shop.pid,)),
        Side(port=bare.port, request=form.request("/images", 201, {}), processes=(bare.pid,)),
        pairs=pairs,
        seconds=seconds,
        connections=CONNECTIONS,
    )
    for effort in (*paired.ours, *paired.peer):
        if json.loads(effort.body)["size_bytes"] != len(form.photo):
            raise WrongAnswer(effort.body)
    return paired


def add_rows(table: Table, form: Form, paired: Paired) -> None:
    """Ours with the ratios, and the peer below."""
    megabytes = len(form.photo) / 1e6
    for name, efforts, ratios in (
        (f"{megabytes:.1f} MB", paired.ours, (str(paired.rate), str(paired.cpu))),
        ("[dim]  UploadFile", paired.peer, ("", "")),
    ):
        rate = statistics.median(effort.rate for effort in efforts) * megabytes
        cpu_ms = statistics.median(effort.cpu_ms for effort in efforts) / megabytes
        client = statistics.median(effort.client_share for effort in efforts)
        table.add_row(name, f"{rate:.0f}", f"{cpu_ms:.2f}", *ratios, f"{client:.0%}")


def _new(customer: Customer) -> float:
    """Processor seconds of the server for one more photo."""
    content = photo(4000, 3000)
    before = cpu_seconds(customer.served.pid)
    customer.upload(content)
    return cpu_seconds(customer.served.pid) - before


@contextmanager
def opened() -> Iterator[tuple[Customer, Served, Path]]:
    """A shop and a bare server in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="printapic-bench-") as name:
        folder = Path(name)
        with shop_server(folder, "--no-jobs") as shop:
            customer = Customer.of(shop)
            order_id = customer.place(customer.order_request())["id"]
            database = f"sqlite:///{folder}/printapic.sqlite"
            with bare_server(folder, database=database, sample=order_id) as bare:
                yield customer, bare, folder
