"""Run a simulated provider as a process of its own: `python -m tests.providers.run stripe --books FILE`.

It prints its URL on one line, and serves until it is ended or killed.
"""

from __future__ import annotations

import argparse
import signal
import threading
from importlib import import_module
from pathlib import Path

from tests.providers.books import ProviderBooks
from tests.providers.notifications import Postman, http_receiver, webhook_client
from tests.providers.server import ProviderServer


def main() -> None:
    """Every provider is a package here with a module `opening`: `app_on(books)` and `signer_on(books)`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("provider", choices=["stripe", "paypal"])
    parser.add_argument("--books", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--webhook-url", help="send notifications here as soon as they are due")
    options = parser.parse_args()
    opening = import_module(f"tests.providers.{options.provider}.opening")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    books = ProviderBooks(options.books)
    server = ProviderServer(opening.app_on(books), port=options.port)
    print(server.url, flush=True)
    if options.webhook_url:
        with webhook_client() as client:
            receiver = http_receiver(client, options.webhook_url)
            Postman(books, sign=opening.signer_on(books), receiver=receiver).run(stop)
    else:
        stop.wait()
    server.close()
    books.close()


if __name__ == "__main__":
    main()
