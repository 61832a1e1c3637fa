"""Settings: what is read from where, what is refused by name, and what is never shown."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import attrs
import pytest

from printapic.entrypoints.settings import (
    ConsoleMail,
    FolderImages,
    FolderMail,
    InProcessJobs,
    LocalThrottling,
    MemoryCheckpoints,
    MemoryImages,
    MemoryMail,
    MemoryStorage,
    Mode,
    NoThrottling,
    PostgresStorage,
    ProcrastinateJobs,
    RedisThrottling,
    S3Checkpoints,
    S3Images,
    Secret,
    Settings,
    SettingsInvalid,
    SimulatedPayments,
    SmtpMail,
    SqliteStorage,
)
from printapic.entrypoints.settings.variables import Variables

POSTGRES = "postgresql://shop:hush-1@db.example/shop"
REDIS = "rediss://shop:hush-1@redis.example:6380/2"


def read(**variables: str) -> Settings:
    return Settings.from_environment({f"PRINTAPIC_{name}": value for name, value in variables.items()})


def problems(settings: Settings) -> list[str]:
    """What is wrong with these settings, by variable."""
    try:
        settings.check()
    except SettingsInvalid as refusal:
        return refusal.problems
    return []


def test_nothing_has_to_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read()
    assert settings == Settings.embedded(tmp_path / "printapic-data")
    assert problems(settings) == []


def test_a_password_costs_an_attacker_what_was_decided(tmp_path: Path) -> None:
    assert Settings.embedded(tmp_path).bcrypt_cost == 11


def test_an_embedded_shop_lives_in_one_folder(tmp_path: Path) -> None:
    settings = Settings.embedded(tmp_path)
    assert settings.mode is Mode.EMBEDDED
    assert settings.storage == SqliteStorage(path=tmp_path / "printapic.sqlite")
    assert settings.images == FolderImages(root=tmp_path / "images")
    assert settings.mail == FolderMail(folder=tmp_path / "mail")
    assert settings.payments == (SimulatedPayments(books=tmp_path / "simulated-payments.sqlite"),)
    assert settings.keys_file == tmp_path / "keys.json"


def test_a_shop_in_memory_keeps_only_its_keys(tmp_path: Path) -> None:
    settings = Settings.memory(tmp_path)
    assert settings.storage == MemoryStorage()
    assert settings.images == MemoryImages()
    assert settings.mail == MemoryMail()
    assert settings.payments == (SimulatedPayments(books=None),)
    assert problems(settings) == []


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("MODE", "production", "mode", Mode.PRODUCTION),
        ("MODE", "embedded", "mode", Mode.EMBEDDED),
        ("PUBLIC_URL", "https://api.example/", "public_url", "https://api.example"),
        ("DATABASE_URL", "memory", "storage", MemoryStorage()),
        (
            "DATABASE_URL",
            "sqlite:////srv/shop.sqlite",
            "storage",
            SqliteStorage(path=Path("/srv/shop.sqlite")),
        ),
        ("DATABASE_URL", POSTGRES, "storage", PostgresStorage(url=Secret(POSTGRES))),
        (
            "DATABASE_URL",
            POSTGRES.replace("postgresql", "postgres"),
            "storage",
            PostgresStorage(url=Secret(POSTGRES)),
        ),
        ("IMAGES", "memory", "images", MemoryImages()),
        ("IMAGES_FOLDER", "/srv/photos", "images", FolderImages(root=Path("/srv/photos"))),
        ("MAIL", "console", "mail", ConsoleMail()),
        ("MAIL", "memory", "mail", MemoryMail()),
        ("JOBS", "procrastinate", "jobs", ProcrastinateJobs(threads=4)),
        ("JOBS", "in-process", "jobs", InProcessJobs(threads=2)),
        ("JOB_THREADS", "7", "jobs", InProcessJobs(threads=7)),
        ("KEYS_FILE", "/etc/shop/keys.json", "keys_file", Path("/etc/shop/keys.json")),
        ("SHOP_NAME", "Fotoladen", "shop_name", "Fotoladen"),
        ("MAIL_SENDER", "Fotoladen <post@shop.example>", "mail_sender", "Fotoladen <post@shop.example>"),
        ("VERIFY_URL", "https://shop.example/verify", "verify_url", "https://shop.example/verify"),
        ("ORDER_URL", "https://shop.example/orders", "order_url", "https://shop.example/orders"),
        (
            "RETURN_ORIGINS",
            "https://a.example, https://b.example",
            "return_origins",
            frozenset({"https://a.example", "https://b.example"}),
        ),
        ("CORS_ORIGINS", "https://a.example", "cors_origins", frozenset({"https://a.example"})),
        (
            "ALLOWED_HOSTS",
            "a.example b.example:81",
            "allowed_hosts",
            frozenset({"a.example", "b.example:81"}),
        ),
        ("BCRYPT_COST", "12", "bcrypt_cost", 12),
        ("MAX_UPLOAD_BYTES", "1000", "max_upload_bytes", 1000),
        ("REDIS_URL", REDIS, "throttling", RedisThrottling(url=Secret(REDIS))),
        ("RATE_LIMITS", "on", "throttling", LocalThrottling()),
        ("RATE_LIMITS", "off", "throttling", NoThrottling()),
        ("PROCESSES", "4", "processes", 4),
        ("REFUND_LIMIT", "250", "refund_limit", 250),
        ("WEBHOOKS_KEPT_DAYS", "30", "webhooks_kept_days", 30),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/8, 2001:db8::7",
            "trusted_proxies",
            frozenset({ip_network("10.0.0.0/8"), ip_network("2001:db8::7/128")}),
        ),
    ],
)
def test_every_choice_is_switched_alone_by_its_variable(
    variable: str, value: str, field: str, expected: Any
) -> None:
    changes: dict[str, Any] = {field: expected}
    assert read(**{variable: value}) == attrs.evolve(read(), **changes)


def test_the_data_folder_moves_everything_that_is_not_set_elsewhere(tmp_path: Path) -> None:
    assert read(DATA=str(tmp_path / "shop")) == Settings.embedded(tmp_path / "shop")


def test_every_variable_of_a_bucket_is_read() -> None:
    settings = read(
        IMAGES="s3",
        S3_BUCKET="photos",
        S3_PREFIX="shop/",
        S3_ENDPOINT="https://s3.example",
        S3_REGION="eu-central-1",
        S3_ACCESS_KEY="AK",
        S3_SECRET_KEY="hush-2",
    )
    assert settings.images == S3Images(
        bucket="photos",
        prefix="shop/",
        endpoint="https://s3.example",
        region="eu-central-1",
        access_key="AK",
        secret_key=Secret("hush-2"),
    )
    assert read(IMAGES="s3", S3_BUCKET="photos").images == S3Images(bucket="photos")


def test_every_variable_of_the_bucket_of_checkpoints_is_read() -> None:
    settings = read(
        AUDIT_CHECKPOINTS="s3",
        AUDIT_S3_BUCKET="log",
        AUDIT_S3_PREFIX="shop/",
        AUDIT_S3_ENDPOINT="https://s3.example",
        AUDIT_S3_REGION="eu-central-1",
        AUDIT_S3_ACCESS_KEY="AK",
        AUDIT_S3_SECRET_KEY="hush-2",
        AUDIT_RETENTION_DAYS="3650",
    )
    assert settings.audit_checkpoints == S3Checkpoints(
        bucket="log",
        prefix="shop/",
        endpoint="https://s3.example",
        region="eu-central-1",
        access_key="AK",
        secret_key=Secret("hush-2"),
        retention_days=3650,
    )
    plain = read(AUDIT_CHECKPOINTS="s3", AUDIT_S3_BUCKET="log")
    assert plain.audit_checkpoints == S3Checkpoints(bucket="log")
    assert read(AUDIT_CHECKPOINTS="memory").audit_checkpoints == MemoryCheckpoints()


def test_every_variable_of_a_mail_server_is_read() -> None:
    settings = read(
        MAIL="smtp",
        SMTP_HOST="mail.example",
        SMTP_PORT="465",
        SMTP_USERNAME="shop",
        SMTP_PASSWORD="hush-3",
        SMTP_SECURITY="tls",
    )
    assert settings.mail == SmtpMail(
        host="mail.example", port=465, username="shop", password=Secret("hush-3"), security="tls"
    )
    assert read(MAIL="smtp", SMTP_HOST="mail.example").mail == SmtpMail(host="mail.example")


# Secrets


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hush-4\n")
    file.chmod(0o600)
    mail = read(MAIL="smtp", SMTP_HOST="mail.example", SMTP_PASSWORD_FILE=str(file)).mail
    assert isinstance(mail, SmtpMail)
    assert mail.password == Secret("hush-4")


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o602, 0o666, 0o644, 0o700 | 0o001])
def test_a_secret_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    file.write_text(POSTGRES)
    file.chmod(mode)
    for name in ("DATABASE_URL", "REDIS_URL", "SMTP_PASSWORD", "S3_SECRET_KEY", "AUDIT_S3_SECRET_KEY"):
        with pytest.raises(SettingsInvalid) as refusal:
            read(MAIL="smtp", IMAGES="s3", AUDIT_CHECKPOINTS="s3", **{f"{name}_FILE": str(file)})
        assert f"PRINTAPIC_{name}_FILE must be readable by its owner alone" in refusal.value.problems
        assert "hush" not in str(refusal.value)


def test_of_a_secret_given_twice_one_would_be_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hush-4")
    file.chmod(0o600)
    given = {"MAIL": "smtp", "SMTP_HOST": "mail.example", "SMTP_PASSWORD_FILE": str(file)}
    with pytest.raises(SettingsInvalid) as refusal:
        read(**given, SMTP_PASSWORD="hush-5")
    assert refusal.value.problems == [
        "PRINTAPIC_SMTP_PASSWORD and PRINTAPIC_SMTP_PASSWORD_FILE must not both be set"
    ]
    mail = read(**given, SMTP_PASSWORD="").mail
    assert isinstance(mail, SmtpMail)
    assert mail.password == Secret("hush-4"), "what is empty is not set"


def test_a_variable_outweighs_its_file(tmp_path: Path) -> None:
    file = tmp_path / "name"
    file.write_text("from the file")
    assert read(SHOP_NAME_FILE=str(file)).shop_name == "from the file"
    assert read(SHOP_NAME_FILE=str(file), SHOP_NAME="said").shop_name == "said"


def test_a_file_that_cannot_be_read_is_named_and_its_content_is_not(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"hush-5\xff")
    (tmp_path / "latin").chmod(0o600)
    for path in (tmp_path / "missing", tmp_path / "latin", tmp_path):
        with pytest.raises(SettingsInvalid) as refusal:
            read(MAIL="smtp", SMTP_HOST="mail.example", SMTP_PASSWORD_FILE=str(path))
        assert refusal.value.problems == ["PRINTAPIC_SMTP_PASSWORD_FILE cannot be read"]
        assert "hush" not in str(refusal.value)


def test_secrets_are_never_shown() -> None:
    settings = read(
        DATABASE_URL=POSTGRES,
        IMAGES="s3",
        S3_BUCKET="photos",
        S3_SECRET_KEY="hush-2",
        MAIL="smtp",
        SMTP_HOST="mail.example",
        SMTP_PASSWORD="hush-3",
        REDIS_URL=REDIS,
    )
    for shown in (repr(settings), str(settings), repr(settings.storage), repr(Secret("hush"))):
        assert "hush" not in shown
    assert isinstance(settings.storage, PostgresStorage)
    assert settings.storage.url.reveal() == POSTGRES


def test_a_refusal_repeats_no_value() -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        read(
            DATABASE_URL="mysql://shop:hush-6@db.example/shop",
            MODE="hush-7",
            SMTP_PORT="hush-8",
            REDIS_URL="hush-9",
        )
    assert "hush" not in str(refusal.value)
    assert "hush" not in repr(refusal.value.details)


# What is refused


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"MODE": "test"}, "PRINTAPIC_MODE must be one of embedded, production"),
        ({"IMAGES": "tape"}, "PRINTAPIC_IMAGES must be one of folder, s3, memory"),
        ({"MAIL": "pigeon"}, "PRINTAPIC_MAIL must be one of folder, smtp, console, memory"),
        ({"JOBS": "cron"}, "PRINTAPIC_JOBS must be one of in-process, procrastinate"),
        ({"PAYMENTS": "cash"}, "PRINTAPIC_PAYMENTS must be one of simulated"),
        ({"DATABASE_URL": "mysql://x"}, "PRINTAPIC_DATABASE_URL must be"),
        ({"DATABASE_URL": "sqlite:///"}, "PRINTAPIC_DATABASE_URL must be"),
        ({"IMAGES": "s3"}, "PRINTAPIC_S3_BUCKET is missing"),
        ({"AUDIT_CHECKPOINTS": "s3"}, "PRINTAPIC_AUDIT_S3_BUCKET is missing"),
        ({"AUDIT_CHECKPOINTS": "tape"}, "PRINTAPIC_AUDIT_CHECKPOINTS must be one of folder, s3, memory"),
        ({"MAIL": "smtp"}, "PRINTAPIC_SMTP_HOST is missing"),
        (
            {"MAIL": "smtp", "SMTP_HOST": "h", "SMTP_SECURITY": "some"},
            "PRINTAPIC_SMTP_SECURITY must be one of starttls, tls, none",
        ),
        ({"MAIL": "smtp", "SMTP_HOST": "h", "SMTP_PORT": "-1"}, "PRINTAPIC_SMTP_PORT must be a whole number"),
        ({"BCRYPT_COST": "eleven"}, "PRINTAPIC_BCRYPT_COST must be a whole number"),
        ({"MAX_UPLOAD_BYTES": "5e7"}, "PRINTAPIC_MAX_UPLOAD_BYTES must be a whole number"),
        ({"JOB_THREADS": "²"}, "PRINTAPIC_JOB_THREADS must be a whole number"),
        ({"RATE_LIMITS": "some"}, "PRINTAPIC_RATE_LIMITS must be one of on, off"),
        ({"PROCESSES": "many"}, "PRINTAPIC_PROCESSES must be a whole number"),
        ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "PRINTAPIC_TRUSTED_PROXIES is a list of"),
        ({"TRUSTED_PROXIES": "proxy.example"}, "PRINTAPIC_TRUSTED_PROXIES is a list of"),
        ({"REDIS_URL": "redis.example:6379"}, "PRINTAPIC_REDIS_URL must be"),
        ({"REDIS_URL": "redis://"}, "PRINTAPIC_REDIS_URL must be"),
        ({"REDIS_URL": "redis://redis.example:port"}, "PRINTAPIC_REDIS_URL must be"),
        ({"REDIS_URL": "redis://redis.example/shop"}, "PRINTAPIC_REDIS_URL must be"),
        ({"REDIS_URL": "redis://redis.example?socket_timeout=60"}, "PRINTAPIC_REDIS_URL must be"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(variables: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        read(**variables)
    (problem,) = refusal.value.problems
    assert problem.startswith(named)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        read(MODE="test", IMAGES="s3", MAIL="smtp", BCRYPT_COST="x")
    assert len(refusal.value.problems) == 4
    assert refusal.value.details == {"problems": refusal.value.problems}


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PUBLIC_URL": "shop.example"}, "PRINTAPIC_PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example/api"}, "PRINTAPIC_PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example?x=1"}, "PRINTAPIC_PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example#x"}, "PRINTAPIC_PUBLIC_URL"),
        ({"PUBLIC_URL": "https://anna@shop.example"}, "PRINTAPIC_PUBLIC_URL"),
        ({"PUBLIC_URL": "https://shop.example:port"}, "PRINTAPIC_PUBLIC_URL"),
        ({"PUBLIC_URL": "ftp://shop.example"}, "PRINTAPIC_PUBLIC_URL"),
        ({"PUBLIC_URL": "https://"}, "PRINTAPIC_PUBLIC_URL"),
        ({"RETURN_ORIGINS": "https://shop.example/thanks"}, "PRINTAPIC_RETURN_ORIGINS"),
        ({"CORS_ORIGINS": "*"}, "PRINTAPIC_RETURN_ORIGINS and PRINTAPIC_CORS_ORIGINS"),
        ({"ALLOWED_HOSTS": "*.example"}, "PRINTAPIC_ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "https://a.example"}, "PRINTAPIC_ALLOWED_HOSTS"),
        ({"BCRYPT_COST": "3"}, "PRINTAPIC_BCRYPT_COST"),
        ({"BCRYPT_COST": "15"}, "PRINTAPIC_BCRYPT_COST"),
        ({"MAX_UPLOAD_BYTES": "0"}, "PRINTAPIC_MAX_UPLOAD_BYTES"),
        ({"JOB_THREADS": "0"}, "PRINTAPIC_JOB_THREADS"),
        ({"PROCESSES": "0"}, "PRINTAPIC_PROCESSES must be positive"),
        ({"WEBHOOKS_KEPT_DAYS": "6"}, "PRINTAPIC_WEBHOOKS_KEPT_DAYS must be between"),
        ({"WEBHOOKS_KEPT_DAYS": "3651"}, "PRINTAPIC_WEBHOOKS_KEPT_DAYS must be between"),
        ({"TRUSTED_PROXIES": "0.0.0.0/0"}, "PRINTAPIC_TRUSTED_PROXIES must not be everybody"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8 ::/0"}, "PRINTAPIC_TRUSTED_PROXIES must not be everybody"),
        ({"JOBS": "procrastinate"}, "PRINTAPIC_JOBS=procrastinate needs PostgreSQL"),
        ({"MAIL": "smtp", "SMTP_HOST": "h", "SMTP_PORT": "0"}, "PRINTAPIC_SMTP_PORT"),
        ({"MAIL": "smtp", "SMTP_HOST": "h", "SMTP_PORT": "65536"}, "PRINTAPIC_SMTP_PORT"),
        ({"MAIL_SENDER": "the shop"}, "PRINTAPIC_MAIL_SENDER"),
        ({"VERIFY_URL": "shop.example/verify"}, "the pages PRINTAPIC_"),
        ({"ORDER_URL": "javascript:alert(1)"}, "the pages PRINTAPIC_"),
    ],
)
def test_no_shop_opens_with_settings_that_make_no_sense(variables: dict[str, str], named: str) -> None:
    (problem,) = problems(read(**variables))
    assert problem.startswith(named)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://shop.example", "http://[::1]:8000"])
def test_an_origin_is_where_clients_reach_the_shop(url: str) -> None:
    settings = read(PUBLIC_URL=url, RETURN_ORIGINS="https://web.example")
    assert problems(settings) == []
    assert settings.origins == {url, "https://web.example"}


@pytest.mark.parametrize(
    ("variables", "hosts"),
    [
        ({}, None),
        ({"PUBLIC_URL": "http://localhost:8000"}, None),
        ({"PUBLIC_URL": "http://[::1]:8000"}, None),
        ({"PUBLIC_URL": "https://Shop.example"}, {"shop.example"}),
        ({"ALLOWED_HOSTS": "Other.example"}, {"127.0.0.1:8000", "other.example"}),
        ({"MODE": "production"}, {"127.0.0.1:8000"}),
    ],
)
def test_only_a_shop_of_this_machine_alone_answers_to_every_name(
    variables: dict[str, str], hosts: set[str] | None
) -> None:
    assert read(**variables).hosts == hosts


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("PUBLIC_ULR", "PRINTAPIC_PUBLIC_ULR is no setting, perhaps PRINTAPIC_PUBLIC_URL was meant"),
        ("SMTP_PASWORD_FILE", "perhaps PRINTAPIC_SMTP_PASSWORD was meant"),
        ("XYZZY", "PRINTAPIC_XYZZY is no setting"),
        ("data", "PRINTAPIC_data is no setting"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_one_and_without_its_value(
    name: str, sentence: str
) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        read(**{name: "hush-9"})
    (problem,) = refusal.value.problems
    assert sentence in problem
    assert "hush" not in str(refusal.value)


def test_a_variable_of_something_that_is_not_chosen_is_none_the_less_known() -> None:
    unused = {"S3_BUCKET": "photos", "SMTP_HOST": "mail.example", "SMTP_PASSWORD_FILE": "/x"}
    assert read(**unused) == read()


def test_other_variables_are_not_ours_to_judge() -> None:
    others = {"PRINTAPICS": "1", "PATH": "/bin", "PRINTAPIC_TEST_SEED": "1"}
    assert Settings.from_environment(others) == read()


def test_a_variable_that_is_read_but_not_listed_is_a_bug() -> None:
    with pytest.raises(LookupError, match="list XYZZY in KNOWN"):
        Variables({}).text("XYZZY")


# Production


@pytest.fixture
def serious(tmp_path: Path) -> Settings:
    """As serious as a shop can be while all payments are simulated."""
    keys = tmp_path / "keys.json"
    keys.write_text("{}")
    return read(
        MODE="production",
        DATA=str(tmp_path),
        PUBLIC_URL="https://api.example",
        DATABASE_URL=POSTGRES,
        MAIL="smtp",
        SMTP_HOST="mail.example",
        KEYS_FILE=str(keys),
    )


def test_production_refuses_payments_that_move_no_money(serious: Settings) -> None:
    assert problems(serious) == ["PRINTAPIC_PAYMENTS must not be simulated"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"public_url": "http://api.example"}, "PRINTAPIC_PUBLIC_URL must be https"),
        ({"mail": ConsoleMail()}, "PRINTAPIC_MAIL must be smtp"),
        ({"mail": MemoryMail()}, "PRINTAPIC_MAIL must be smtp"),
        ({"mail": FolderMail(folder=Path("/tmp"))}, "PRINTAPIC_MAIL must be smtp"),
        ({"storage": MemoryStorage()}, "PRINTAPIC_DATABASE_URL must not be memory"),
        ({"images": MemoryImages()}, "PRINTAPIC_IMAGES must not be memory"),
        ({"audit_checkpoints": MemoryCheckpoints()}, "PRINTAPIC_AUDIT_CHECKPOINTS must not be memory"),
        ({"keys_file": Path("/nowhere/keys.json")}, "PRINTAPIC_KEYS_FILE must name an existing key file"),
        ({"bcrypt_cost": 9}, "PRINTAPIC_BCRYPT_COST must be at least 10"),
        ({"throttling": NoThrottling()}, "PRINTAPIC_RATE_LIMITS must be on"),
        ({"processes": 2}, "PRINTAPIC_PROCESSES above 1 needs PRINTAPIC_REDIS_URL"),
    ],
)
def test_production_refuses_by_name_what_is_only_good_for_trying_out(
    serious: Settings, change: dict[str, Any], named: str
) -> None:
    found = problems(attrs.evolve(serious, **change))
    assert set(found) == {"PRINTAPIC_PAYMENTS must not be simulated", named}
    embedded = attrs.evolve(serious, mode=Mode.EMBEDDED, **change)
    assert problems(embedded) == []


def test_several_processes_of_production_count_in_redis(serious: Settings) -> None:
    counted = attrs.evolve(serious, processes=8, throttling=RedisThrottling(url=Secret(REDIS)))
    assert problems(counted) == problems(serious)
