"""One journey on everything that a shop in production runs on: PostgreSQL, S3 and workers of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.journeys.kills import check_journey, told_all
from tests.integration.journeys.shop_process import ShopProcess
from tests.integration.journeys.shopper import Shopper, eventually
from tests.pictures import encoded, scene
from tests.servers.s3 import S3Bucket


def test_a_journey_with_postgres_s3_and_procrastinate_workers(
    tmp_path: Path, postgres_url: str, s3_bucket: S3Bucket
) -> None:
    shop = ShopProcess(
        tmp_path,
        {
            "PRINTAPIC_DATABASE_URL": postgres_url,
            "PRINTAPIC_JOBS": "procrastinate",
            "PRINTAPIC_IMAGES": "s3",
            "PRINTAPIC_S3_ENDPOINT": s3_bucket.endpoint,
            "PRINTAPIC_S3_BUCKET": s3_bucket.bucket,
            "PRINTAPIC_S3_PREFIX": s3_bucket.prefix,
            "PRINTAPIC_S3_REGION": s3_bucket.region,
            "PRINTAPIC_S3_ACCESS_KEY": s3_bucket.access_key,
            "PRINTAPIC_S3_SECRET_KEY": s3_bucket.secret_key,
        },
    )
    shop.start()
    shopper = Shopper(shop)
    try:
        with worker(shop):
            shopper.walk(encoded(scene(1800, 1200)))
            eventually(lambda: told_all(shopper), "all mails")
    finally:
        assert shop.stop() == 0
    check_journey(shop, shopper)
    stored = s3_bucket.keys()
    assert any("originals/" in key for key in stored)
    assert not (tmp_path / "images").exists()


@contextmanager
def worker(shop: ShopProcess) -> Iterator[None]:
    """`printapic worker`, which finishes the jobs in hand and ends with 0 when it is told to stop."""
    with (shop.folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "printapic.entrypoints.cli.main", "worker"],
            env=shop.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(60) == 0, (shop.folder / "worker.log").read_text("utf-8")
