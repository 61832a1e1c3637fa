"""The circuit breaker: shut by the first failure, tried by one at a time, and quiet in between."""

from __future__ import annotations

from structlog.testing import capture_logs

from printapic.adapters.throttle.circuit import Circuit


class Outage(Exception):
    pass


def test_what_answers_is_always_asked() -> None:
    circuit = Circuit(1.0, lambda: 0.0)
    for _ in range(3):
        assert circuit.admits()
        circuit.succeeded()


def test_what_failed_is_left_alone_and_then_tried_by_one() -> None:
    now = [0.0]
    circuit = Circuit(1.0, lambda: now[0])
    circuit.failed(Outage())
    now[0] = 0.999
    assert not circuit.admits()
    now[0] = 1.0
    assert [circuit.admits() for _ in range(3)] == [True, False, False]
    now[0] = 1_000.0
    assert not circuit.admits(), "the trial is still on its way"
    circuit.failed(Outage())
    assert not circuit.admits()
    now[0] = 1_001.0
    assert circuit.admits()
    circuit.succeeded()
    assert [circuit.admits() for _ in range(3)] == [True, True, True]


def test_an_outage_is_one_line_at_its_beginning_and_one_at_its_end() -> None:
    circuit = Circuit(0.0, lambda: 0.0)
    with capture_logs() as lines:
        for _ in range(5):
            circuit.failed(Outage("redis://:secret@host"))
        circuit.succeeded()
        circuit.succeeded()
        circuit.failed(Outage())
    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("warning", "throttle store does not answer"),
        ("info", "throttle store answers again"),
        ("warning", "throttle store does not answer"),
    ]
    assert "secret" not in str(lines)
