"""What happens to images."""

from __future__ import annotations

import attrs

from printapic.domain.events import DomainEvent
from printapic.domain.ids import ImageId, UserId


@attrs.frozen(kw_only=True)
class ImageAccepted(DomainEvent):
    image_id: ImageId
    owner_id: UserId


@attrs.frozen(kw_only=True)
class ImageDeleted(DomainEvent):
    image_id: ImageId
    owner_id: UserId
