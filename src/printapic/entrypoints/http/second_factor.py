"""The second factor of one's own account: enrolling an authenticator app, recovery codes, disabling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar

from litestar import Controller, delete, get, post
from litestar.params import HeaderParameter, JSONBody

from printapic.application.shop import Shop
from printapic.application.users.principal import Principal
from printapic.domain.actors import Caller
from printapic.domain.users.permissions import Permission
from printapic.entrypoints.http.account_fields import Code
from printapic.entrypoints.http.authentication import Doorkeeper
from printapic.entrypoints.http.bodies import RequestBody, ResponseBody
from printapic.entrypoints.http.given import Given
from printapic.entrypoints.http.policies import allow

CODE_HEADER = "X-One-Time-Code"
HeaderCode = Annotated[
    str | None,
    HeaderParameter(
        name=CODE_HEADER,
        required=False,
        description="Required: a code of the authenticator app, or a recovery code. "
        "In a header, since a DELETE has no body that proxies hand on (RFC 9110, 9.3.5).",
    ),
]


class CodeRequest(RequestBody, kw_only=True):
    code: Code

    example: ClassVar[Mapping[str, object]] = {"code": "123456"}


class SecondFactorBody(ResponseBody, kw_only=True):
    """`reset_due_at` is set where support was asked to remove it; a login with the app calls that off."""

    enabled: bool
    recovery_codes_left: int
    reset_due_at: datetime | None

    example: ClassVar[Mapping[str, object]] = {
        "enabled": True,
        "recovery_codes_left": 10,
        "reset_due_at": "2026-03-05T12:00:00Z",
    }


class EnrolmentBody(ResponseBody, kw_only=True):
    """`secret` is to be typed into an app, `uri` for the app itself, `qr_svg` for its camera."""

    secret: str
    uri: str
    qr_svg: str

    example: ClassVar[Mapping[str, object]] = {
        "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "uri": "otpauth://totp/PrintAPic:anna@example.com?secret=JBSWY3DPEHPK3PXP&issuer=PrintAPic",
        "qr_svg": "<svg ...>...</svg>",
    }


class RecoveryCodesBody(ResponseBody, kw_only=True):
    """Each is good for one login without the app. They are shown this once."""

    recovery_codes: list[str]

    example: ClassVar[Mapping[str, object]] = {"recovery_codes": ["abcd-efgh-ijkl-mnop"]}


class SecondFactorController(Controller):
    path = "/v1/users/me/mfa"
    tags = ("accounts",)

    @get(
        operation_id="read_second_factor",
        summary="Say whether logging in takes a second factor",
        opt=allow(Permission.ACCOUNT_SELF),
        sync_to_thread=True,
    )
    def read(self, shop: Given[Shop], principal: Given[Principal]) -> SecondFactorBody:
        state = shop.read_second_factor(user_id=principal.user_id)
        return SecondFactorBody(
            enabled=state.enabled,
            recovery_codes_left=state.recovery_codes_left,
            reset_due_at=state.reset_due_at,
        )

    @post(
        operation_id="enrol_second_factor",
        summary="Get a secret for an authenticator app; it counts when a first code has come back",
        opt=allow(Permission.ACCOUNT_SELF, problems=(409,), proven=True),
        sync_to_thread=True,
    )
    def enrol(self, shop: Given[Shop], principal: Given[Principal]) -> EnrolmentBody:
        secret, enrolment = shop.enrol_second_factor(
            user_id=principal.user_id, session_id=principal.session_id
        )
        return EnrolmentBody(secret=secret, uri=enrolment.uri, qr_svg=enrolment.qr_svg)

    @post(
        "/confirm",
        operation_id="confirm_second_factor",
        summary="Send the app's first code: from now on each login takes one; other sessions end",
        status_code=200,
        opt=allow(Permission.ACCOUNT_SELF, problems=(409, 422, 429), proven=True),
        sync_to_thread=True,
    )
    def confirm(
        self,
        data: JSONBody[CodeRequest],
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
    ) -> RecoveryCodesBody:
        codes = shop.confirm_second_factor(
            user_id=principal.user_id, session_id=principal.session_id, code=data.code, caller=caller
        )
        doorkeeper.forget(principal.user_id)
        return RecoveryCodesBody(recovery_codes=list(codes))

    @post(
        "/recovery-codes",
        operation_id="renew_recovery_codes",
        summary="Get ten new recovery codes; the old ones are worthless",
        status_code=200,
        opt=allow(Permission.ACCOUNT_SELF, problems=(409,), proven=True),
        sync_to_thread=True,
    )
    def renew(
        self, shop: Given[Shop], principal: Given[Principal], caller: Given[Caller]
    ) -> RecoveryCodesBody:
        codes = shop.renew_recovery_codes(
            user_id=principal.user_id, session_id=principal.session_id, caller=caller
        )
        return RecoveryCodesBody(recovery_codes=list(codes))

    @delete(
        operation_id="disable_second_factor",
        summary="Log in with the password alone again; other sessions end",
        opt=allow(Permission.ACCOUNT_SELF, problems=(409, 422, 429), proven=True),
        sync_to_thread=True,
    )
    def disable(
        self,
        shop: Given[Shop],
        principal: Given[Principal],
        caller: Given[Caller],
        doorkeeper: Given[Doorkeeper],
        code: HeaderCode = None,
    ) -> None:
        shop.disable_second_factor(
            user_id=principal.user_id, session_id=principal.session_id, code=code or "", caller=caller
        )
        doorkeeper.forget(principal.user_id)
