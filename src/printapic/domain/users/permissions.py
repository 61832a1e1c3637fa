"""Who may do what: the one table of roles and permissions."""

from __future__ import annotations

from enum import StrEnum

from printapic.domain.actors import Role
from printapic.domain.errors import Denied


class Permission(StrEnum):
    """`PAYMENT_REFUND` goes up to the shop's limit, `PAYMENT_REFUND_ANY` beyond it."""

    ACCOUNT_SELF = "account:self"
    IMAGE_OWN = "image:own"
    ORDER_OWN = "order:own"
    PAYMENT_OWN = "payment:own"
    ORDER_READ = "order:read"
    ORDER_CANCEL = "order:cancel"
    ORDER_HOLD = "order:hold"
    ORDER_ABORT = "order:abort"
    PRODUCTION_READ = "production:read"
    PRODUCTION_ADVANCE = "production:advance"
    PRINT_FILE_READ = "printfile:read"
    SHIPMENT_WRITE = "shipment:write"
    PAYMENT_READ = "payment:read"
    PAYMENT_REFUND = "payment:refund"
    PAYMENT_REFUND_ANY = "payment:refund-any"
    PAYMENT_WRITE = "payment:write"
    USER_READ = "user:read"
    USER_WRITE = "user:write"
    SESSION_REVOKE = "session:revoke"
    ROLE_WRITE = "role:write"
    API_KEY_WRITE = "apikey:write"
    PRICE_WRITE = "price:write"
    AUDIT_READ = "audit:read"


class PermissionDenied(Denied):
    code = "permission-denied"

    def __init__(self) -> None:
        super().__init__("Your account is not allowed to do this.")


_CUSTOMER = frozenset(
    {Permission.ACCOUNT_SELF, Permission.IMAGE_OWN, Permission.ORDER_OWN, Permission.PAYMENT_OWN}
)
_OPERATOR = frozenset(
    {
        Permission.ACCOUNT_SELF,
        Permission.ORDER_READ,
        Permission.ORDER_HOLD,
        Permission.PRODUCTION_READ,
        Permission.PRODUCTION_ADVANCE,
        Permission.PRINT_FILE_READ,
        Permission.SHIPMENT_WRITE,
    }
)
_SUPPORT = frozenset(
    {
        Permission.ACCOUNT_SELF,
        Permission.ORDER_READ,
        Permission.ORDER_HOLD,
        Permission.ORDER_CANCEL,
        Permission.SHIPMENT_WRITE,
        Permission.PAYMENT_READ,
        Permission.PAYMENT_REFUND,
        Permission.PAYMENT_WRITE,
        Permission.USER_READ,
        Permission.SESSION_REVOKE,
    }
)
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CUSTOMER: _CUSTOMER,
    Role.OPERATOR: _OPERATOR,
    Role.SUPPORT: _SUPPORT,
    Role.ADMIN: _SUPPORT
    | {
        Permission.ORDER_ABORT,
        Permission.PAYMENT_REFUND_ANY,
        Permission.USER_WRITE,
        Permission.ROLE_WRITE,
        Permission.API_KEY_WRITE,
        Permission.PRICE_WRITE,
        Permission.AUDIT_READ,
    },
    Role.SYSTEM: frozenset(),
}


def permissions(roles: frozenset[Role]) -> frozenset[Permission]:
    """Everything that somebody with these roles may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))
