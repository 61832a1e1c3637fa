"""Where the audit log's checkpoints are kept."""

from __future__ import annotations

from datetime import timedelta

from printapic.adapters.audit.folder_checkpoints import FolderAuditCheckpoints
from printapic.adapters.audit.memory_checkpoints import MemoryAuditCheckpoints
from printapic.application.ports.audit import AuditCheckpoints
from printapic.entrypoints import settings as choices
from printapic.entrypoints.settings import Settings


def audit_checkpoints(settings: Settings) -> AuditCheckpoints:
    """boto3 is imported where it is chosen: it is slow to load."""
    match settings.audit_checkpoints:
        case choices.FolderCheckpoints(folder=folder):
            return FolderAuditCheckpoints(folder)
        case choices.MemoryCheckpoints():
            return MemoryAuditCheckpoints()
        case choices.S3Checkpoints() as s3:
            from printapic.adapters.audit.s3_checkpoints import S3AuditCheckpoints
            from printapic.adapters.images.s3 import s3_client

            client = s3_client(
                region=s3.region,
                endpoint=s3.endpoint,
                access_key=s3.access_key,
                secret_key=s3.secret_key.reveal() if s3.secret_key else None,
                checksums=s3.endpoint is None,
            )
            retention = timedelta(days=s3.retention_days)
            return S3AuditCheckpoints(client, bucket=s3.bucket, prefix=s3.prefix, retention=retention)
