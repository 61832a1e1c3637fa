"""How the shop reaches a bucket of S3."""

from __future__ import annotations

from typing import Any

from printapic.entrypoints.settings.choices import S3Bucket


def bucket_client(bucket: S3Bucket) -> Any:
    """boto3 is imported where it is chosen: it is slow to load. Amazon alone takes all its new checksums."""
    from printapic.adapters.images.s3 import s3_client

    return s3_client(
        region=bucket.region,
        endpoint=bucket.endpoint,
        access_key=bucket.access_key,
        secret_key=bucket.secret_key.reveal() if bucket.secret_key else None,
        checksums=bucket.endpoint is None,
    )
