"""The customer's own photos, and how well they print."""

from __future__ import annotations

import attrs

from printapic.application.ports.clock import Clock
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.catalogue.product import Product
from printapic.domain.crops import CropRecipe
from printapic.domain.errors import Conflict
from printapic.domain.ids import ImageId, UserId
from printapic.domain.images.image import Image
from printapic.domain.images.preflight import Preflight, Verdict, preflight


class ImageInUse(Conflict):
    code = "image-in-use"

    def __init__(self) -> None:
        super().__init__("This photo belongs to an order that is not finished yet.")


@attrs.frozen(kw_only=True)
class ReadImage:
    """One photo of its owner."""

    unit_of_work: UnitOfWorkFactory

    def __call__(self, *, image_id: ImageId, owner_id: UserId) -> Image:
        """Raises `ImageNotFound`."""
        with self.unit_of_work.reading() as work:
            return work.images.get(image_id, owner_id=owner_id)


@attrs.frozen(kw_only=True)
class ListImages:
    """A page of the owner's photos, newest first."""

    unit_of_work: UnitOfWorkFactory

    def __call__(
        self, *, owner_id: UserId, before: ImageId | None = None, limit: int = 20
    ) -> tuple[Image, ...]:
        with self.unit_of_work.reading() as work:
            return work.images.page(owner_id, before=before, limit=limit)


@attrs.frozen(kw_only=True)
class DeleteImage:
    """Hide a photo at once, for good."""

    unit_of_work: UnitOfWorkFactory
    clock: Clock

    def __call__(self, *, image_id: ImageId, owner_id: UserId) -> None:
        """Raises `ImageNotFound`, or `ImageInUse` while an unfinished order needs it."""
        with self.unit_of_work() as work:
            image = work.images.get(image_id, owner_id=owner_id)
            if work.orders.uses_image(image.id):
                raise ImageInUse
            image.delete(at=self.clock.now())
            work.images.save(image)
            work.commit()


@attrs.frozen(kw_only=True)
class Printability:
    """How one photo prints on everything we sell."""

    products: tuple[tuple[Product, Preflight], ...]

    @property
    def largest_without_warning(self) -> Product | None:
        """The largest product on which nothing has to be acknowledged."""
        return self._largest(Verdict.CLEAN, Verdict.INFO)

    @property
    def largest_printable(self) -> Product | None:
        """The largest product that can be ordered at all."""
        return self._largest(Verdict.CLEAN, Verdict.INFO, Verdict.WARN)

    def _largest(self, *verdicts: Verdict) -> Product | None:
        fitting = [product for product, report in self.products if report.verdict in verdicts]
        return max(
            fitting,
            key=lambda product: (
                product.specification.trim.width_mm * product.specification.trim.height_mm,
                product.sku,
            ),
            default=None,
        )


@attrs.frozen(kw_only=True)
class CheckPrintability:
    """Judge a photo for every product on sale, before anybody pays for anything."""

    unit_of_work: UnitOfWorkFactory

    def __call__(
        self, *, image_id: ImageId, owner_id: UserId, crop: CropRecipe | None = None
    ) -> Printability:
        """Raises `ImageNotFound` or `CropInvalid`."""
        with self.unit_of_work.reading() as work:
            image = work.images.get(image_id, owner_id=owner_id)
            price_list = work.price_lists.current()
        products = price_list.on_sale() if price_list else ()
        return Printability(
            products=tuple(
                (product, preflight(image.facts, crop, product.specification)) for product in products
            )
        )
