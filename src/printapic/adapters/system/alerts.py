"""Alerts as lines of the log, from where monitoring takes them."""

from __future__ import annotations

from datetime import datetime

import structlog

from printapic.application.ports.alerts import Alerts

log = structlog.get_logger(__name__)


class LogAlerts(Alerts):
    """One line at level ERROR for each."""

    def concern(self, *, kind: str, ref: str, what: str, since: datetime) -> None:
        """Write the line."""
        log.error("payment concern", kind=kind, ref=ref, what=what, since=since.isoformat())
