"""Identifiers. UUIDs (version 7, so they sort by creation) made by the `Identifiers` port beforehand."""

from __future__ import annotations

from typing import NewType
from uuid import UUID

UserId = NewType("UserId", UUID)
RegistrationId = NewType("RegistrationId", UUID)
SessionId = NewType("SessionId", UUID)
AccountRequestId = NewType("AccountRequestId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
ImageId = NewType("ImageId", UUID)
OrderId = NewType("OrderId", UUID)
LineId = NewType("LineId", UUID)
ShipmentId = NewType("ShipmentId", UUID)
BatchId = NewType("BatchId", UUID)
PaymentId = NewType("PaymentId", UUID)
AttemptId = NewType("AttemptId", UUID)
OperationId = NewType("OperationId", UUID)
FindingId = NewType("FindingId", UUID)
TreasuryEntryId = NewType("TreasuryEntryId", UUID)
NotificationId = NewType("NotificationId", UUID)

Sku = NewType("Sku", str)
"""The stable text id of a product, such as `print-10x15-glossy`."""
