"""A shop inside another Python program: `with open_shop(Settings.embedded(path)) as shop:`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import structlog

from printapic.application.ports.catalogue import NoPriceList
from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.application.shop import Shop
from printapic.entrypoints.container import Container, apply_migrations, close
from printapic.entrypoints.settings import Mode, Settings

log = structlog.get_logger(__name__)

log = structlog.get_logger(__name__)
TIMER_RETRY_S = 15.0


@contextmanager
def open_container(settings: Settings) -> Iterator[Container]:
    """Everything that makes up one shop, ready to use, and closed at the end.

    An embedded shop migrates its database and loads the starter price list by itself; in production both
    are commands. Raises `SettingsInvalid`.
    """
    settings.check()
    container = Container(settings=settings)
    try:
        if settings.mode is Mode.EMBEDDED:
            apply_migrations(container)
            _stock(container.shop())
        yield container
    finally:
        close(container)


def _stock(shop: Shop) -> None:
    try:
        shop.read_price_list()
    except NoPriceList:
        shop.load_price_list()


@contextmanager
def open_shop(settings: Settings, *, background: bool = True) -> Iterator[Shop]:
    """Open a shop for this program alone, with its jobs running in a thread until the end of the block.

    With `background=False` nothing happens by itself: promised jobs wait in the database for somebody
    who works them off, such as `printapic worker`.
    """
    with open_container(settings) as container, ExitStack() as stack:
        shop: Shop = container.shop()
        expect_stored_hashes(container)
        if background:
            expect_payable_prices(container)
            stack.enter_context(working(container))
        yield shop


def expect_stored_hashes(container: Container) -> None:
    """Tell the hasher what hashes there are, so that from the first refusal on all of them cost the same.

    Where the database does not answer (yet), the hasher learns of dearer hashes when it meets them.
    """
    try:
        with container.unit_of_work().reading() as work:
            samples = work.users.hash_samples()
    except StorageUnavailable:
        log.warning("stored password hashes are not known yet")
        return
    for sample in samples:
        container.hasher().expect(sample)


def expect_payable_prices(container: Container) -> None:
    """Refuse to sell what cannot be paid for. Raises `CurrencyNotPayable`.

    Not asked where a price list is loaded, which would be the way out, nor by workers: what was ordered
    already is theirs to finish. Where the database does not answer (yet), the shop starts as it would.
    """
    try:
        container.shop().check_currencies()
    except StorageUnavailable:
        log.warning("prices are not checked")


@contextmanager
def working(container: Container) -> Iterator[None]:
    """Run jobs in a thread of this process; the job in hand is finished before this ends."""
    worker, shop = container.worker(), container.shop()
    with _in_thread("printapic-jobs", lambda stop: worker.run(shop.perform, stop)), keeping_time(container):
        yield


@contextmanager
def keeping_time(container: Container) -> Iterator[None]:
    """Promise what is due by the clock, in a thread of each process that has workers; the first one wins.

    A thread and no job that promises its own successor: a chain of those ends with one job that dies or a
    table that is restored, and nothing would begin it again before somebody restarts the shop.
    """
    with _in_thread("printapic-timers", lambda stop: _keep_time(container, stop)):
        yield


def _keep_time(container: Container, stop: threading.Event) -> None:
    shop, clock = container.shop(), container.clock()
    schedules = (
        shop.schedule_checkpoint,
        shop.schedule_purge,
        shop.schedule_clearing,
        shop.schedule_reconciliation,
        shop.schedule_inbox_purge,
        shop.schedule_watch,
    )
    pause_s = 0.0
    while not stop.wait(pause_s):
        try:
            soonest = min(schedule() for schedule in schedules)
            pause_s = max(1.0, (soonest - clock.now()).total_seconds())
        except Exception as error:
            log.warning("the timers could not be asked", error=type(error).__name__)
            pause_s = TIMER_RETRY_S


@contextmanager
def delivering(container: Container) -> Iterator[None]:
    """Run the simulated provider's webhook deliveries in a thread of this process, where it is chosen."""
    deliverer = container.deliverer()
    if deliverer is None:
        yield
        return
    with _in_thread("printapic-simulated-webhooks", deliverer.run):
        yield


@contextmanager
def _in_thread(name: str, run: Callable[[threading.Event], object]) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(stop,), name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
