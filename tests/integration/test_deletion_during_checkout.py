"""On PostgreSQL several write at a time: a photo that is being ordered cannot be deleted meanwhile."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path

import attrs
import pytest

from printapic.application.ports.unit_of_work import StorageUnavailable
from printapic.domain.ids import UserId
from printapic.entrypoints.container import Container, apply_migrations, close
from printapic.entrypoints.settings import PostgresStorage, Secret, Settings
from tests.shop_floor import photo


def test_a_photo_is_locked_from_the_moment_in_which_it_is_put_into_an_order(
    postgres_url: str, tmp_path: Path
) -> None:
    memory = Settings.memory(tmp_path)
    container = Container(
        settings=attrs.evolve(memory, storage=PostgresStorage(url=Secret(postgres_url)), bcrypt_cost=4)
    )
    try:
        apply_migrations(container)
        shop = container.shop()
        owner: UserId = shop.create_admin(email="anna@example.org", password="nineteen blue herons")
        image = shop.upload_image(
            owner_id=owner,
            file=io.BytesIO(photo()),
            size_bytes=len(photo()),
            sha256=sha256(photo()).hexdigest(),
        ).image
        with container.unit_of_work()() as checkout:
            assert checkout.images.many(frozenset({image.id}), owner_id=owner) == {image.id: image}
            with pytest.raises(StorageUnavailable):
                shop.delete_image(image_id=image.id, owner_id=owner)
            assert shop.read_image(image_id=image.id, owner_id=owner) == image
        shop.delete_image(image_id=image.id, owner_id=owner)
        assert shop.list_images(owner_id=owner) == ()
    finally:
        close(container)
