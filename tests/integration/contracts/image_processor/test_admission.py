"""More pictures than can be worked on."""

from __future__ import annotations

import io
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest

from printapic.application.ports.images import ProcessorBusy, Rendered
from printapic.domain.images.formats import ImageCorrupt
from tests.integration.contracts.image_processor.conftest import MakeProcessor
from tests.looks import THUMBNAIL, file
from tests.pictures import encoded, marker


class Slow(io.BytesIO):
    """A photo that arrives when it is told to."""

    def __init__(self, content: bytes, go: threading.Event) -> None:
        super().__init__(content)
        self._go = go

    def read(self, size: int | None = -1, /) -> bytes:
        assert self._go.wait(60)
        return super().read(size)


def test_more_than_can_wait_are_sent_away_and_the_others_are_served(make_processor: MakeProcessor) -> None:
    processor, go = make_processor(workers=1, queue=2), threading.Event()
    with ThreadPoolExecutor(4) as pool:
        callers = [
            pool.submit(processor.rendition, Slow(encoded(marker(60, 40)), go), THUMBNAIL) for _ in range(4)
        ]
        first = wait(callers, timeout=60, return_when=FIRST_COMPLETED).done
        go.set()
    assert [type(caller.exception()) for caller in first] == [ProcessorBusy]
    assert sum(caller.exception() is None for caller in callers) == 3
    assert isinstance(processor.rendition(file(encoded(marker())), THUMBNAIL), Rendered)


def test_refused_photos_give_their_place_back(make_processor: MakeProcessor) -> None:
    processor = make_processor(workers=1, queue=0)
    for _ in range(5):
        with pytest.raises(ImageCorrupt):
            processor.inspect(file(encoded(marker())[:-2]), {})
    assert isinstance(processor.rendition(file(encoded(marker())), THUMBNAIL), Rendered)


def test_many_at_once_make_the_same_bytes_as_one_alone(make_processor: MakeProcessor) -> None:
    processor, photo = make_processor(workers=3), encoded(marker(900, 700))
    alone = processor.rendition(file(photo), THUMBNAIL)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda _: processor.rendition(file(photo), THUMBNAIL), range(24)))
    assert together == [alone] * 24
