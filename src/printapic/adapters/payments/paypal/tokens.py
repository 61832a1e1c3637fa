"""Access tokens, in memory only (OAuth 2.0 client credentials, RFC 6749 section 4.4)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from threading import Lock

import attrs
import httpx
import msgspec

from printapic.adapters.payments.sending import FateUnknown, NeverSent, Sender
from printapic.application.ports.clock import Clock

_EARLY = timedelta(seconds=60)
_LONGEST_S = 10**7
_HEADER_TEXT = re.compile(r"[\x21-\x7e]{1,8192}")


class CredentialsRefused(Exception):
    """PayPal does not know our credentials, or a token that it has just given out. For a person to mend."""

    def __init__(self) -> None:
        super().__init__("the credentials are refused")


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


@attrs.frozen
class _Token:
    text: str = attrs.field(repr=False)
    good_until: datetime


class AccessTokens:
    """One token at a time, asked for by one thread while the others wait. Thread-safe.

    It is used until a minute before it expires. Without a token nothing was sent, whatever happened to
    the request for it.
    """

    def __init__(
        self, client: httpx.Client, *, client_id: str, client_secret: str, clock: Clock, api_url: str
    ) -> None:
        self._client = client
        self._auth = httpx.BasicAuth(client_id, client_secret)
        self._clock = clock
        self._url = f"{api_url}/v1/oauth2/token"
        self._lock = Lock()
        self._token: _Token | None = None

    def current(self, sender: Sender, *, refused: str | None = None) -> str:
        """A token; not the `refused` one. Raises `NeverSent`, `CredentialsRefused`."""
        known = self._token
        if known is not None and self._usable(known, refused):
            return known.text
        waits_until = sender.clock_s() + sender.budget_s
        if not self._lock.acquire(timeout=max(sender.budget_s, 0)):
            raise NeverSent
        try:
            known = self._token
            if known is None or not self._usable(known, refused):
                left = attrs.evolve(sender, budget_s=waits_until - sender.clock_s())
                known = self._token = self._grant(left)
            return known.text
        finally:
            self._lock.release()

    def _usable(self, token: _Token, refused: str | None) -> bool:
        return token.text != refused and self._clock.now() < token.good_until

    def _grant(self, sender: Sender) -> _Token:
        asked_at = self._clock.now()
        request = self._client.build_request("POST", self._url, data={"grant_type": "client_credentials"})
        next(self._auth.auth_flow(request))
        try:
            answer = sender.send(request)
        except FateUnknown as unknown:
            raise NeverSent from unknown
        if answer.status_code in (400, 401, 403):
            raise CredentialsRefused
        try:
            granted = msgspec.json.decode(answer.content, type=_Granted)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise NeverSent from None
        if not answer.is_success or not _HEADER_TEXT.fullmatch(granted.access_token):
            raise NeverSent
        lifetime = timedelta(seconds=max(0, min(granted.expires_in, _LONGEST_S)))
        return _Token(granted.access_token, asked_at + lifetime - _EARLY)
