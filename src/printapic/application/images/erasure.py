"""Letting go of an erased user's photos."""

from __future__ import annotations

import attrs

from printapic.application.ports.images import ImageStore
from printapic.application.ports.unit_of_work import UnitOfWorkFactory
from printapic.domain.ids import UserId
from printapic.domain.images.image import Image, folders_of

_PAGE = 100


@attrs.frozen(kw_only=True)
class EraseImages:
    """Reaction: delete every photo of an erased user, with all that was made of it.

    Files go by the owner's folders, so that those go too which never got a row, as their upload broke off.
    Equal photos of two people are stored twice: nobody else loses anything.
    """

    unit_of_work: UnitOfWorkFactory
    store: ImageStore

    def __call__(self, *, user_id: UserId) -> None:
        for folder in folders_of(user_id):
            self.store.delete_prefix(folder)
        while images := self._page(user_id):
            with self.unit_of_work() as work:
                work.images.forget(frozenset(image.id for image in images))
                work.commit()

    def _page(self, user_id: UserId) -> tuple[Image, ...]:
        with self.unit_of_work.reading() as work:
            return work.images.held(user_id, after=None, limit=_PAGE)
