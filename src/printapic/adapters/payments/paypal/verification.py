"""Asking PayPal whether a notification is its own."""

from __future__ import annotations

from typing import Literal

import attrs
import msgspec

from printapic.adapters.payments.paypal.api import PayPalApi
from printapic.adapters.payments.paypal.tokens import CredentialsRefused
from printapic.adapters.payments.sending import FateUnknown, NeverSent

PATH = "/v1/notifications/verify-webhook-signature"


class _Verdict(msgspec.Struct):
    verification_status: Literal["SUCCESS", "FAILURE"]


@attrs.frozen
class SignatureCheck:
    """Posts a question as it stands: written anew, its event would have another checksum."""

    api: PayPalApi

    def __call__(self, question: bytes) -> bool | None:
        """PayPal's verdict; None where PayPal is away, will not know us, or says anything else."""
        try:
            answer = self.api.post_raw(PATH, question)
        except (NeverSent, FateUnknown, CredentialsRefused):
            return None
        if answer.status_code != 200:
            return None
        try:
            verdict = msgspec.json.decode(answer.content, type=_Verdict)
        except (ValueError, RecursionError):
            return None
        return verdict.verification_status == "SUCCESS"
