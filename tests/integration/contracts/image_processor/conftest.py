"""The engines that exist; each passes all the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from printapic.adapters.images.pillow import PillowImageProcessor
from printapic.application.ports.images import ImageProcessor

MakeProcessor = Callable[..., ImageProcessor]


@pytest.fixture(params=[PillowImageProcessor], ids=["pillow"], scope="module")
def make_processor(request: pytest.FixtureRequest) -> MakeProcessor:
    """Makes processors, with other limits, workers or queues where a test wants them."""
    make: MakeProcessor = request.param
    return make


@pytest.fixture(scope="module")
def processor(make_processor: MakeProcessor) -> ImageProcessor:
    """A processor as it comes."""
    return make_processor()
