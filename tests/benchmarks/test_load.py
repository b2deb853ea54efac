"""The load benchmark counts what it says it counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.load import Contestant, Options, at, measure
from tests.classifier.test_card import classification

TEXTS = ["El pedido llegó roto y nadie responde.", "Cobraram duas vezes e ninguém devolve o dinheiro."]


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    file = tmp_path / "answers.json"
    said = {text: replace(classification(), facts=(), evidence=()).to_dict() for text in TEXTS}
    file.write_text(json.dumps(said), encoding="utf-8")
    return file


@pytest.mark.acceptance
def test_every_message_is_counted_and_timed(answers: Path) -> None:
    row = measure(Contestant("here", None, answers), Options(rate=20, seconds=2), TEXTS)
    assert (row.name, row.sent, row.accepted) == ("here", 40, 40)
    assert row.per_second <= 20.5  # it is sent at the rate that was asked for, not as quickly as possible
    assert 0 < row.p50_ms <= row.p99_ms <= row.max_ms
    assert 0 < row.cpu_ms_per_message < 1000
    assert 20 < row.memory_start <= row.memory_end * 1.2


@pytest.mark.acceptance
def test_a_service_that_does_not_start_is_said_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RuntimeError, match="StopIteration"):
        measure(Contestant("broken", None, tmp_path / "none.json"), Options(), TEXTS)


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_share_of_a_hundred_waits(share: float, value: float) -> None:
    assert at([float(n) for n in range(1, 101)], share) == value
