"""How often somebody may try to prove who they are, or make the shop write to an address.

The figures are those of NIST SP 800-63B-4, section 3.2.2, made stricter: delays grow from a minute to half an
hour, and to days after a hundred failures in a row; nobody is ever locked out for good. What is counted per
account is counted for unknown addresses in the same way. A device that has logged into the account before
has a count of its own, so that nobody can lock the owner out by guessing.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.throttle import Limit, Throttle, demand
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.application.ports.users import TokenIssuer
from printapic.domain.actors import Caller
from printapic.domain.audit.event import AuditAction, AuditEvent
from printapic.domain.errors import Unavailable
from printapic.domain.users.email import EmailAddress

FAILURES_PER_ACCOUNT = (
    Limit(name="log-in", count=5, period_s=300),
    Limit(name="log-in-hour", count=20, period_s=3600),
    Limit(name="log-in-day", count=50, period_s=86_400),
)
FAILURES_IN_A_ROW = Limit(name="log-in-row", count=100, period_s=365 * 86_400)
"""After these an unknown device waits for days, and a known one, or a reset, is the way in."""
FAILURES_PER_CLIENT = Limit(name="log-in-client", count=10, period_s=60)
FAILURES_IN_ALL = Limit(name="log-in-all", count=1000, period_s=300)
ALERTS = Limit(name="log-in-alert", count=1, period_s=900)
"""How often the audit log is told that the shop is under attack, as long as it is."""
FAILURES_PER_CLIENT_UNDER_ATTACK = Limit(name="log-in-attack", count=3, period_s=60)
CODES = (
    Limit(name="mfa", count=5, period_s=300),
    Limit(name="mfa-hour", count=20, period_s=3600),
    Limit(name="mfa-day", count=50, period_s=86_400),
)
MAILS_PER_ADDRESS = Limit(name="account-mail", count=5, period_s=3600)
RESETS_PER_ADDRESS = (
    Limit(name="password-reset", count=5, period_s=3600),
    Limit(name="password-reset-day", count=5, period_s=86_400),
)
"""Of their own: whoever uses them up has sent the owner good links, and no other mail shuts this way in."""
EMAIL_CHANGES_PER_USER = Limit(name="email-change", count=5, period_s=3600)
REFRESHES_PER_SESSION = Limit(name="refresh", count=20, period_s=60)
KEY_REFUSALS_NOTED = Limit(name="api-key-refused", count=1, period_s=60)
"""How often the audit log is told of one key: a machine that nobody stops tries it all day."""
_EVERYONE = "everyone"
_LONGEST_DEVICE_TOKEN = 100


@attrs.frozen(kw_only=True)
class Attempt:
    """One try at a password of `holder`, counted before the work, as if it were wrong."""

    throttle: Throttle
    holder: str
    keys: tuple[tuple[str, Limit], ...]

    def forgive(self) -> None:
        """It was right: it does not count, and the row of failures is over."""
        self._give_back()
        self.throttle.forget(self.holder, FAILURES_IN_A_ROW)

    @contextmanager
    def unless_unavailable(self) -> Iterator[None]:
        """Check the password in here: where that cannot be done it does not count, and changes no row."""
        try:
            yield
        except Unavailable:
            self._give_back()
            raise

    def _give_back(self) -> None:
        for key, limit in self.keys:
            self.throttle.give_back(key, limit)


@attrs.frozen(kw_only=True)
class PasswordGate:
    """Lets tries at passwords through at a bearable rate."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock
    throttle: Throttle
    tokens: TokenIssuer

    def enter(self, account: str, *, device_token: str | None, caller: Caller) -> Attempt:
        """Raises `TooManyRequests`. The throttle learns pseudonyms alone, of accounts and of networks."""
        key = _counter_of(account)
        if device_token is not None and self.knows(device_token, account):
            key = f"device:{device_token.partition('.')[0]}"
        counted = self._count_client(caller)
        for limit in (*FAILURES_PER_ACCOUNT, FAILURES_IN_A_ROW):
            demand(self.throttle, key, limit)
            counted.append((key, limit))
        return Attempt(throttle=self.throttle, holder=key, keys=tuple(counted))

    def _count_client(self, caller: Caller) -> list[tuple[str, Limit]]:
        """What a refused client goes on trying does not count for everyone: a few could slow down all."""
        if caller.network is None:
            return []
        client = f"client:{self.tokens.pseudonym('client', caller.network)}"
        demand(self.throttle, client, FAILURES_PER_CLIENT)
        counted = [(client, FAILURES_PER_CLIENT)]
        if self.throttle.take(_EVERYONE, FAILURES_IN_ALL).allowed:
            return [*counted, (_EVERYONE, FAILURES_IN_ALL)]
        self._alert(caller)
        demand(self.throttle, client, FAILURES_PER_CLIENT_UNDER_ATTACK)
        return [*counted, (client, FAILURES_PER_CLIENT_UNDER_ATTACK)]

    def _alert(self, caller: Caller) -> None:
        """Tell that the whole shop is under attack, in whatever process it is noticed first."""
        if not self.throttle.take(_EVERYONE, ALERTS).allowed:
            return
        with self.unit_of_work() as work:
            work.audit.append(
                AuditEvent(
                    at=self.clock.now(),
                    action=AuditAction.LOG_IN_ATTACKED,
                    caller=caller,
                    details={"limit": FAILURES_IN_ALL.name},
                )
            )
            work.commit()

    def open(self, account: str) -> None:
        """Whoever reset the password has shown that the account is theirs: begin to count anew."""
        for limit in (*FAILURES_PER_ACCOUNT, FAILURES_IN_A_ROW):
            self.throttle.forget(_counter_of(account), limit)

    def device_token(self, device_id: str, account: str) -> str:
        """What a device carries from its first login on, good for this account alone. It opens nothing."""
        return f"{device_id}.{self.tokens.pseudonym('device', f'{device_id} {account}')}"

    def knows(self, device_token: str, account: str) -> bool:
        """Whether this device has logged into this account. Any string is a valid question."""
        if not device_token.isascii() or len(device_token) > _LONGEST_DEVICE_TOKEN:
            return False
        expected = self.device_token(device_token.partition(".")[0], account)
        return hmac.compare_digest(expected.encode(), device_token.encode())


def _counter_of(account: str) -> str:
    return f"account:{account}"


def account_of(tokens: TokenIssuer, email: EmailAddress | None) -> str:
    """The pseudonym under which an account, or an address without one, is counted and logged."""
    return tokens.pseudonym("account", email.key if email else "")


def demand_mail(throttle: Throttle, tokens: TokenIssuer, email: EmailAddress, *limits: Limit) -> None:
    """Spend one of the mails that may be sent to an address on request. Raises `TooManyRequests`.

    Without `limits` it is one of all but password resets.
    """
    demand(throttle, f"mail:{account_of(tokens, email)}", *(limits or (MAILS_PER_ADDRESS,)))
