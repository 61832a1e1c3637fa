"""Where the audit log's checkpoints are kept."""

from __future__ import annotations

from datetime import timedelta

from printapic.adapters.audit.folder_checkpoints import FolderAuditCheckpoints
from printapic.adapters.audit.memory_checkpoints import MemoryAuditCheckpoints
from printapic.application.ports.audit import AuditCheckpoints
from printapic.entrypoints import settings as choices
from printapic.entrypoints.container.buckets import bucket_client
from printapic.entrypoints.settings import Settings


def audit_checkpoints(settings: Settings) -> AuditCheckpoints:
    """A folder or a bucket, outside the database in any case."""
    match settings.audit_checkpoints:
        case choices.FolderCheckpoints(folder=folder):
            return FolderAuditCheckpoints(folder)
        case choices.MemoryCheckpoints():
            return MemoryAuditCheckpoints()
        case choices.S3Checkpoints() as s3:
            from printapic.adapters.audit.s3_checkpoints import S3AuditCheckpoints

            retention = timedelta(days=s3.retention_days)
            return S3AuditCheckpoints(
                bucket_client(s3), bucket=s3.bucket, prefix=s3.prefix, retention=retention
            )
