"""Readiness: whether everything that the shop depends on answers, for load balancers and for `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import structlog
from sqlalchemy import Engine

from printapic.adapters.persistence.sql.engine import reading_engine
from printapic.adapters.persistence.sql.migrate import pending
from printapic.application.ports.images import ImageStore
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.entrypoints.container import Container
from printapic.entrypoints.settings import MemoryStorage

log = structlog.get_logger(__name__)


def readiness(container: Container) -> Mapping[str, bool]:
    """Ask everything that the shop depends on, by name, whether it answers. Never raises.

    A database that a later release has migrated is good enough: while a new release is rolled out, the
    old one goes on working.
    """
    checks: dict[str, Callable[[], object]] = {
        "image store": lambda: _answers(container.store()),
        "keys": lambda: container.keyring().active,
        "jobs": lambda: len(container.worker().list(limit=1)) <= 1,
        "price list": lambda: _has_price_list(container.unit_of_work()),
    }
    if not isinstance(container.settings().storage, MemoryStorage):
        checks["database"] = lambda: _runs(cast(Engine, container.engine()))
        checks["migrations"] = lambda: not pending(cast(Engine, container.engine()))
    return {name: _holds(name, check) for name, check in checks.items()}


def _holds(name: str, check: Callable[[], object]) -> bool:
    try:
        return bool(check())
    except Exception as error:
        log.warning("not ready", dependency=name, error=type(error).__name__)
        return False


def _answers(store: ImageStore) -> bool:
    """Whether its beginning can be listed: of a missing bucket or an unmounted folder it cannot."""
    return not list(store.list("readiness/", limit=1))


def _runs(engine: Engine) -> bool:
    with reading_engine(engine).connect() as connection:
        return connection.exec_driver_sql("SELECT 1").scalar() == 1


def _has_price_list(unit_of_work: UnitOfWorkFactory) -> bool:
    with unit_of_work.reading() as work:
        return work.price_lists.current() is not None
