"""PayPal opened on books, old or new: who it is, how it signs, and what it answers."""

from __future__ import annotations

import attrs

from tests.providers.books import ProviderBooks
from tests.providers.notifications import Parcel, Signer
from tests.providers.paypal.app import PayPalApp
from tests.providers.paypal.authority import Authority, new_authority
from tests.providers.paypal.desk import Hosts, new_id
from tests.providers.paypal.signatures import LEAF_ALONE, PREFIX, SigningDesk

_ACCOUNT = "paypal_account"
_LOOKED_UP_BY = ("order_id", "authorization_id", "capture_id", "invoice_id", "custom_id")
SENDS_LEAF_ALONE = "sends_leaf_alone"


@attrs.frozen(kw_only=True)
class Account:
    """What stays the same for all who open the same books: PayPal's keys, and the webhook's id."""

    authority: Authority
    certificate_id: str
    webhook_id: str
    sandbox: bool

    @property
    def hosts(self) -> Hosts:
        return Hosts.of(sandbox=self.sandbox)

    @property
    def signing(self) -> SigningDesk:
        return SigningDesk(
            key_pem=self.authority.key_pem,
            certificate_url=f"{self.hosts.api}{PREFIX}{self.certificate_id}",
            webhook_id=self.webhook_id,
        )


def account_on(books: ProviderBooks, *, sandbox: bool = False) -> Account:
    """The account in these books, opened now if they are new."""
    with books.entry() as entry:
        kept = entry.setting(_ACCOUNT)
        if kept is not None:
            return Account(**{**kept, "authority": Authority(**kept["authority"])})
        account = Account(
            authority=new_authority(),
            certificate_id=f"CERT-{new_id().lower()}",
            webhook_id=new_id(),
            sandbox=sandbox,
        )
        entry.keep(_ACCOUNT, attrs.asdict(account))
        for member in _LOOKED_UP_BY:
            entry.connection.execute(
                f"CREATE INDEX paypal_{member} ON object (kind, json_extract(body, '$.{member}'))"
            )
        return account


def app_on(books: ProviderBooks) -> PayPalApp:
    account = account_on(books)
    return PayPalApp(
        books, hosts=account.hosts, signing=account.signing, certificates=certificates_of(account)
    )


def certificates_of(account: Account) -> dict[str, str]:
    """What stands at PayPal's certificate addresses."""
    leaf = account.authority.certificate_pem
    return {
        account.certificate_id: leaf + account.authority.intermediate_pem,
        f"{account.certificate_id}{LEAF_ALONE}": leaf,
    }


def signer_on(books: ProviderBooks) -> Signer:
    signing = account_on(books).signing
    alone = attrs.evolve(signing, certificate_url=signing.certificate_url + LEAF_ALONE)

    def sign(parcel: Parcel) -> dict[str, str]:
        desk = alone if books.look(SENDS_LEAF_ALONE) else signing
        return desk.headers(parcel.body, books.now())

    return sign
