"""How many are let in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from printapic.adapters.images.admission import Admission
from printapic.application.ports.images import ProcessorBusy


def test_of_heavy_pictures_only_one_is_in_memory() -> None:
    admission, inside = Admission(workers=4, queue=0), Lock()

    def work(_: int) -> bool:
        with admission.worker(), admission.memory(heavy=True):
            alone = inside.acquire(blocking=False)
            Event().wait(0.002)
            if alone:
                inside.release()
            return alone

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(40)))


def test_a_light_picture_does_not_wait_for_a_heavy_one() -> None:
    admission = Admission(workers=2, queue=0)
    with (
        admission.worker(),
        admission.memory(heavy=True),
        admission.worker(),
        admission.memory(heavy=False),
        pytest.raises(ProcessorBusy),
        admission.worker(),
    ):
        pass
    with admission.worker(), admission.memory(heavy=True):
        pass


def test_a_failure_gives_the_place_back() -> None:
    admission = Admission(workers=1, queue=0)
    for _ in range(3):
        with pytest.raises(KeyError), admission.worker(), admission.memory(heavy=True):
            raise KeyError
