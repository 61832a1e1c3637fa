"""Who takes the money, and with which keys no shop starts (S2)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from printapic.entrypoints.settings import (
    Mode,
    PayPalPayments,
    Secret,
    Settings,
    SettingsInvalid,
    SimulatedPayments,
    StripePayments,
)
from tests.unit.adapters.payments.paypal.authority import Authority, pem

STRIPE = StripePayments(secret_key=Secret("sk_test_hush1"), webhook_secrets=(Secret("whsec_hush2"),))
PAYPAL = PayPalPayments(
    client_id="AX-paypal_client",
    client_secret=Secret("EL-hush3"),
    sandbox=True,
    webhook_ids=("4JH86294D6297924G",),
    api_url="https://api-m.sandbox.paypal.com",
)
LIVE_STRIPE = attrs.evolve(STRIPE, secret_key=Secret("rk_live_hush4"))
LIVE_PAYPAL = attrs.evolve(PAYPAL, sandbox=False, api_url="https://api-m.paypal.com")
STRIPE_VARIABLES = {
    "PAYMENTS": "stripe",
    "STRIPE_SECRET_KEY": "sk_test_hush1",
    "STRIPE_WEBHOOK_SECRETS": "whsec_hush2",
}
PAYPAL_VARIABLES = {
    "PAYMENTS": "paypal",
    "PAYPAL_CLIENT_ID": "AX-paypal_client",
    "PAYPAL_CLIENT_SECRET": "EL-hush3",
    "PAYPAL_WEBHOOK_IDS": "4JH86294D6297924G",
}


def read(**variables: str) -> Settings:
    return Settings.from_environment({f"PRINTAPIC_{name}": value for name, value in variables.items()})


def refused(**variables: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as refusal:
        read(**variables)
    assert "hush" not in str(refusal.value) + repr(refusal.value.details)
    return refusal.value.problems


@pytest.fixture
def trying(tmp_path: Path) -> Settings:
    return Settings.embedded(tmp_path)


@pytest.fixture
def serious(tmp_path: Path) -> Settings:
    """A shop that may take real money."""
    (tmp_path / "keys.json").write_text("{}")
    settings = read(
        MODE="production",
        DATA=str(tmp_path),
        PUBLIC_URL="https://api.example",
        DATABASE_URL="postgresql://shop@db.example/shop",
        MAIL="smtp",
        SMTP_HOST="mail.example",
    )
    return attrs.evolve(settings, payments=(LIVE_STRIPE, LIVE_PAYPAL))


def problems(settings: Settings, *payments: Any) -> list[str]:
    try:
        attrs.evolve(settings, payments=payments).check()
    except SettingsInvalid as refusal:
        told, shown = refusal.problems, str(refusal) + repr(refusal.details)
    else:
        return []
    assert "hush" not in shown
    return told


# What is read


def test_without_a_word_payments_are_simulated(tmp_path: Path) -> None:
    simulated = SimulatedPayments(books=tmp_path / "simulated-payments.sqlite")
    for variables in ({}, {"PAYMENTS": ""}, {"PAYMENTS": "simulated"}):
        settings = read(DATA=str(tmp_path), **variables)
        assert settings.payments == (simulated,)
        assert settings.simulated == simulated
        assert not settings.manual_capture


def test_stripe_is_read() -> None:
    settings = read(**STRIPE_VARIABLES)
    assert settings.payments == (STRIPE,)
    assert settings.simulated is None
    both = read(**STRIPE_VARIABLES | {"STRIPE_WEBHOOK_SECRETS": "whsec_new, whsec_old"})
    assert both.payments == (
        attrs.evolve(STRIPE, webhook_secrets=(Secret("whsec_new"), Secret("whsec_old"))),
    )
    elsewhere = read(**STRIPE_VARIABLES, STRIPE_API_URL="http://127.0.0.1:4242/")
    assert elsewhere.payments == (attrs.evolve(STRIPE, api_url="http://127.0.0.1:4242"),)


def test_pages_of_a_domain_of_ones_own_are_read_and_must_be_safe(trying: Settings, serious: Settings) -> None:
    own = read(**STRIPE_VARIABLES, STRIPE_PAGE_ORIGINS="https://pay.example https://zahlen.example")
    pages = frozenset({"https://pay.example", "https://zahlen.example"})
    assert own.payments == (attrs.evolve(STRIPE, page_origins=pages),)
    unsafe = frozenset({"https://pay.example/", "http://pay.example", "https://pay.example"})
    for settings, stripe in ((trying, STRIPE), (serious, LIVE_STRIPE)):
        assert problems(settings, attrs.evolve(stripe, page_origins=pages)) == []
        assert problems(settings, attrs.evolve(stripe, page_origins=unsafe)) == [
            "PRINTAPIC_STRIPE_PAGE_ORIGINS must be https",
            "PRINTAPIC_STRIPE_PAGE_ORIGINS must be https://host[:port]",
        ]


def test_paypal_is_read() -> None:
    assert read(**PAYPAL_VARIABLES).payments == (PAYPAL,)
    live = read(**PAYPAL_VARIABLES, PAYPAL_ENVIRONMENT="live")
    assert live.payments == (LIVE_PAYPAL,)
    more = read(
        **PAYPAL_VARIABLES | {"PAYPAL_WEBHOOK_IDS": "1A 2B"},
        PAYPAL_API_URL="http://127.0.0.1:4243",
        PAYPAL_INTERMEDIATES="/etc/shop/digicert.pem",
    )
    assert more.payments == (
        attrs.evolve(
            PAYPAL,
            webhook_ids=("1A", "2B"),
            api_url="http://127.0.0.1:4243",
            intermediates=Path("/etc/shop/digicert.pem"),
        ),
    )


def test_several_providers_are_taken_in_their_order(tmp_path: Path) -> None:
    variables = STRIPE_VARIABLES | PAYPAL_VARIABLES | {"PAYMENTS": "paypal, simulated,stripe"}
    payments = read(DATA=str(tmp_path), **variables).payments
    assert payments == (PAYPAL, SimulatedPayments(books=tmp_path / "simulated-payments.sqlite"), STRIPE)


@pytest.mark.parametrize("listed", ["cash", "stripe,cash", "simulated,simulated", "Stripe", "stripe;paypal"])
def test_what_is_no_provider_or_named_twice_is_refused(listed: str) -> None:
    told = refused(**STRIPE_VARIABLES | {"PAYMENTS": listed})
    assert told == ["PRINTAPIC_PAYMENTS must be one of simulated, stripe, paypal, or several"]


def test_money_may_be_taken_when_production_starts() -> None:
    assert read(CAPTURE="manual").manual_capture
    assert not read(CAPTURE="automatic").manual_capture
    assert refused(CAPTURE="later") == ["PRINTAPIC_CAPTURE must be one of automatic, manual"]


def test_what_is_missing_is_named() -> None:
    assert refused(PAYMENTS="stripe,paypal") == [
        "PRINTAPIC_STRIPE_SECRET_KEY is missing",
        "PRINTAPIC_PAYPAL_CLIENT_ID is missing",
        "PRINTAPIC_PAYPAL_CLIENT_SECRET is missing",
    ]
    assert refused(**PAYPAL_VARIABLES, PAYPAL_ENVIRONMENT="hush9") == [
        "PRINTAPIC_PAYPAL_ENVIRONMENT must be one of sandbox, live"
    ]


def test_every_secret_may_stand_in_a_file_of_its_owners(tmp_path: Path) -> None:
    variables = {"PAYMENTS": "stripe,paypal", "PAYPAL_CLIENT_ID": "AX-paypal_client"}
    secrets = {
        "STRIPE_SECRET_KEY": "sk_test_hush1\n",
        "STRIPE_WEBHOOK_SECRETS": "whsec_hush2\n",
        "PAYPAL_CLIENT_SECRET": "EL-hush3\n",
    }
    for name, secret in secrets.items():
        file = tmp_path / name
        file.write_text(secret)
        file.chmod(0o400)
        variables[f"{name}_FILE"] = str(file)
    stripe, paypal = read(**variables).payments
    assert (stripe, paypal) == (STRIPE, attrs.evolve(PAYPAL, webhook_ids=()))
    for name in secrets:
        (tmp_path / name).chmod(0o440)
    assert refused(**variables) == [
        f"PRINTAPIC_{name}_FILE must be readable by its owner alone" for name in secrets
    ]


def test_s1_no_secret_is_shown() -> None:
    settings = read(**STRIPE_VARIABLES | PAYPAL_VARIABLES | {"PAYMENTS": "stripe,paypal"})
    for shown in (repr(settings), str(settings), *(repr(each) for each in settings.payments)):
        assert "hush" not in shown


# With which keys no shop starts


def test_s2_a_shop_in_production_takes_real_money(serious: Settings) -> None:
    serious.check()
    assert problems(serious, LIVE_STRIPE) == []
    assert problems(serious, LIVE_PAYPAL) == []
    assert problems(serious, attrs.evolve(STRIPE, secret_key=Secret("sk_live_hush"))) == []


def test_s2_a_shop_that_tries_things_out_takes_test_keys(trying: Settings) -> None:
    assert problems(trying, STRIPE, PAYPAL, *trying.payments) == []
    assert problems(trying, attrs.evolve(STRIPE, secret_key=Secret("rk_test_hush"))) == []
    assert problems(trying, attrs.evolve(STRIPE, webhook_secrets=())) == []
    assert problems(trying, attrs.evolve(PAYPAL, webhook_ids=())) == []


@pytest.mark.parametrize("prefix", ["sk_test_", "rk_test_"])
def test_s2_production_refuses_a_test_key(serious: Settings, prefix: str) -> None:
    stripe = attrs.evolve(STRIPE, secret_key=Secret(prefix + "hush"))
    assert problems(serious, stripe, LIVE_PAYPAL) == ["PRINTAPIC_STRIPE_SECRET_KEY must not be a test key"]


def test_s2_production_refuses_the_sandbox(serious: Settings) -> None:
    assert problems(serious, LIVE_STRIPE, PAYPAL) == ["PRINTAPIC_PAYPAL_ENVIRONMENT must be live"]


def test_s2_production_refuses_the_simulated_provider_beside_a_real_one_too(serious: Settings) -> None:
    simulated = SimulatedPayments(books=None)
    assert problems(serious, LIVE_STRIPE, simulated) == ["PRINTAPIC_PAYMENTS must not be simulated"]


@pytest.mark.parametrize("prefix", ["sk_live_", "rk_live_"])
def test_s2_a_shop_that_tries_things_out_refuses_a_live_key(trying: Settings, prefix: str) -> None:
    stripe = attrs.evolve(STRIPE, secret_key=Secret(prefix + "hush"))
    assert problems(trying, stripe) == [
        "PRINTAPIC_STRIPE_SECRET_KEY moves real money, which needs PRINTAPIC_MODE=production"
    ]


def test_s2_a_shop_that_tries_things_out_refuses_live_paypal(trying: Settings) -> None:
    assert problems(trying, LIVE_PAYPAL) == [
        "PRINTAPIC_PAYPAL_ENVIRONMENT=live moves real money, which needs PRINTAPIC_MODE=production"
    ]


@pytest.mark.parametrize(
    "key",
    [
        "pk_test_hush", "pk_live_hush", "whsec_hush", "hush", "", "sk_hush", "sk_test_", "SK_TEST_hush",
        "sk_test-hush", "sk_prod_hush", "ek_live_hush", " sk_test_hush", "sk_test_hush ", "sk_test_hush\n",
        "sk_test_hush sk_test_hush", "sk_test_hush\r\nHost: x", "sk_test_h\N{SNOWMAN}sh",
        "xsk_test_hush", "sk_test_" + "h" * 300,
    ],
    ids=lambda key: ascii(key[:24]),
)  # fmt: skip
@pytest.mark.parametrize("mode", Mode)
def test_s2_another_prefix_is_refused(trying: Settings, serious: Settings, key: str, mode: Mode) -> None:
    settings = serious if mode is Mode.PRODUCTION else trying
    assert problems(settings, attrs.evolve(STRIPE, secret_key=Secret(key))) == [
        "PRINTAPIC_STRIPE_SECRET_KEY must begin with rk_live_, rk_test_, sk_live_ or sk_test_"
    ]


@pytest.mark.parametrize("secret", ["hush", "sk_live_hush", "whsec_", "whsec_h sh", "", "WHSEC_hush"])
def test_s2_a_webhook_secret_of_another_kind_is_refused(trying: Settings, secret: str) -> None:
    stripe = attrs.evolve(STRIPE, webhook_secrets=(*STRIPE.webhook_secrets, Secret(secret)))
    assert problems(trying, stripe) == [
        "PRINTAPIC_STRIPE_WEBHOOK_SECRETS is a list of secrets that begin with whsec_"
    ]


def test_s2_production_needs_webhooks(serious: Settings) -> None:
    deaf = (attrs.evolve(LIVE_STRIPE, webhook_secrets=()), attrs.evolve(LIVE_PAYPAL, webhook_ids=()))
    assert problems(serious, *deaf) == [
        "PRINTAPIC_STRIPE_WEBHOOK_SECRETS is missing",
        "PRINTAPIC_PAYPAL_WEBHOOK_IDS is missing",
    ]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"client_id": "a:b"}, "PRINTAPIC_PAYPAL_CLIENT_ID must be letters, digits, - and _"),
        ({"client_secret": Secret("h h")}, "PRINTAPIC_PAYPAL_CLIENT_SECRET must be letters, digits, - and _"),
        ({"webhook_ids": ("WH-1",)}, "PRINTAPIC_PAYPAL_WEBHOOK_IDS is a list of ids of letters and digits"),
        ({"webhook_ids": ("1", "")}, "PRINTAPIC_PAYPAL_WEBHOOK_IDS is a list of ids of letters and digits"),
    ],
)  # fmt: skip
def test_what_cannot_be_paypals_is_refused(trying: Settings, change: dict[str, Any], named: str) -> None:
    assert problems(trying, attrs.evolve(PAYPAL, **change)) == [named]


def test_a_bundle_of_intermediates_holds_certificates(trying: Settings, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    paypal = attrs.evolve(PAYPAL, intermediates=bundle)
    told = ["PRINTAPIC_PAYPAL_INTERMEDIATES must name a file of PEM certificates"]
    assert problems(trying, paypal) == told
    for content in (b"", b"no certificate", pem(Authority.root().certificate)[:300], b"\xff" * 2_000_000):
        bundle.write_bytes(content)
        assert problems(trying, paypal) == told
    bundle.write_bytes(pem(Authority.root().certificate))
    assert problems(trying, paypal) == []
    assert problems(trying, attrs.evolve(PAYPAL, intermediates=tmp_path)) == told


# Where the keys are sent


@pytest.mark.parametrize("url", ["http://127.0.0.1:4242", "http://localhost:1", "http://[::1]:4242"])
def test_s2_only_this_machine_is_spoken_to_in_the_clear_and_not_in_production(
    trying: Settings, serious: Settings, url: str
) -> None:
    assert problems(trying, attrs.evolve(STRIPE, api_url=url), attrs.evolve(PAYPAL, api_url=url)) == []
    told = problems(serious, attrs.evolve(LIVE_STRIPE, api_url=url), attrs.evolve(LIVE_PAYPAL, api_url=url))
    assert told == ["PRINTAPIC_STRIPE_API_URL must be https", "PRINTAPIC_PAYPAL_API_URL must be https"]


@pytest.mark.parametrize(
    "url",
    ["http://api.stripe.com", "http://10.0.0.1", "http://127.0.0.1.example.com", "http://localhost.example"],
)
@pytest.mark.parametrize("mode", Mode)
def test_s2_nobody_else_is_spoken_to_in_the_clear(
    trying: Settings, serious: Settings, url: str, mode: Mode
) -> None:
    told = ["PRINTAPIC_STRIPE_API_URL must be https", "PRINTAPIC_PAYPAL_API_URL must be https"]
    if mode is Mode.PRODUCTION:
        stripe, paypal, settings = LIVE_STRIPE, LIVE_PAYPAL, serious
    else:
        stripe, paypal, settings = STRIPE, PAYPAL, trying
    changed = (attrs.evolve(stripe, api_url=url), attrs.evolve(paypal, api_url=url))
    assert problems(settings, *changed) == told


@pytest.mark.parametrize(
    "url",
    [
        "", "api.stripe.com", "ftp://api.stripe.com", "https://", "https://:443", "https://api.stripe.com/v1",
        "https://api.stripe.com?a", "https://api.stripe.com#a", "https://u@api.stripe.com",
        "https://api.stripe.com:0", "https://api.stripe.com:x", "https://[::1", "https://api.stripe.com:99999",
        "HTTPS://api.stripe.com", "https://api.stripe.com/", "https://api stripe.com", "//api.stripe.com",
    ],
)  # fmt: skip
def test_s2_what_is_no_origin_is_refused(trying: Settings, url: str) -> None:
    assert problems(trying, attrs.evolve(STRIPE, api_url=url)) == [
        "PRINTAPIC_STRIPE_API_URL must be https://host[:port]"
    ]


@pytest.mark.parametrize("host", ["api", "api-m"])
def test_s2_paypals_sandbox_is_not_taken_for_the_real_thing(
    trying: Settings, serious: Settings, host: str
) -> None:
    told = ["PRINTAPIC_PAYPAL_API_URL is not that of PRINTAPIC_PAYPAL_ENVIRONMENT"]
    sandbox, live = f"https://{host}.sandbox.paypal.com", f"https://{host}.paypal.com"
    assert problems(serious, attrs.evolve(LIVE_PAYPAL, api_url=sandbox)) == told
    assert problems(trying, attrs.evolve(PAYPAL, api_url=live)) == told
    assert problems(serious, attrs.evolve(LIVE_PAYPAL, api_url=live)) == []
    assert problems(trying, attrs.evolve(PAYPAL, api_url=sandbox)) == []


def test_a_shop_without_any_provider_is_refused(trying: Settings) -> None:
    assert problems(trying) == ["PRINTAPIC_PAYMENTS must name a provider"]


def test_a_shop_with_simulated_payments_loads_no_sdk(tmp_path: Path) -> None:
    """Loading Stripe's takes half a second, which every command would wait for."""
    program = (
        "import sys\n"
        "from printapic.entrypoints.container import Container\n"
        "from printapic.entrypoints.settings import Settings\n"
        "container = Container(settings=Settings.memory(sys.argv[1]))\n"
        "assert len(container.gateways()) == len(container.verifiers()) == 1\n"
        "assert 'stripe' not in sys.modules, 'stripe'\n"
        "assert not any('payments.paypal' in name for name in sys.modules), 'paypal'\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
