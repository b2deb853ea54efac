import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.config import OptimizerSection, TrainingConfig
from training.corpus import Example
from training.trainer import Encoded, Session, _Schedule, _shuffled, has_bfloat16, thinned


@given(st.lists(st.integers(1, 60), min_size=1, max_size=300), st.integers(64, 512), st.integers(0, 9))
def test_an_epoch_has_every_row_once_within_the_budget(lengths: list[int], budget: int, seed: int) -> None:
    rows = [np.zeros(n, dtype=np.int64) for n in lengths]
    plan = list(_shuffled(rows, budget, random.Random(seed)))
    assert sorted(i for batch in plan for i in batch) == list(range(len(rows)))
    assert all(len(batch) * max(lengths[i] for i in batch) <= budget for batch in plan)


def test_the_rate_rises_then_falls_to_zero() -> None:
    schedule = _Schedule(100, 0.1)
    rates = [schedule(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.0)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))


def test_seeds_decide_the_order() -> None:
    rows = [np.zeros(9, dtype=np.int64)] * 40
    assert list(_shuffled(rows, 64, random.Random(1))) == list(_shuffled(rows, 64, random.Random(1)))
    assert list(_shuffled(rows, 64, random.Random(1))) != list(_shuffled(rows, 64, random.Random(2)))


@dataclass
class _Lengths:
    """Stands in for a tokenizer: as many ids as the text has letters."""

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        return [np.zeros(len(text), dtype=np.int64) for text in texts]


def passes(share: float, *, epochs: int = 3) -> list[list[str]]:
    """Return the ids of the examples that each pass sees, of 200 with that share and one that is always seen."""
    run = {"name": "x", "version": "1"}
    config = TrainingConfig.model_validate(
        {"run": run, "data": {"corpus": [{"path": "x"}]}, "optimizer": {"epochs": epochs}}
    )
    labels = {"complaint": True}
    examples = [Example(str(i), "hola", "es", "s", str(i), labels, share=share) for i in range(200)]
    always = Example("always", "olá", "pt", "s", "always", labels)
    data = Encoded.of([*examples, always], _Lengths(), config)  # type: ignore[arg-type]
    assert all(len(each.rows) == len(each.examples) for each in data.passes)
    return [[e.id for e in each.examples] for each in data.passes]


def test_a_pass_sees_a_share_of_a_corpus_drawn_anew() -> None:
    first, second, third = passes(0.25)
    assert all(25 < len(seen) < 80 and seen[-1] == "always" for seen in (first, second, third))
    assert len({*first} & {*second}) < len(first)


def test_without_a_share_every_pass_sees_everything() -> None:
    assert [len(seen) for seen in passes(1.0)] == [201] * 3


@given(st.lists(st.integers(2, 60), min_size=1, max_size=20), st.floats(0, 0.99), st.integers(0, 9))
def test_what_is_left_of_a_row_is_in_order_between_its_ends(lengths: list[int], share: float, seed: int) -> None:
    rows = [np.arange(length) for length in lengths]
    for row, left in zip(rows, thinned(rows, share, random.Random(seed)), strict=True):
        assert left[0] == 0
        assert left[-1] == row[-1]
        assert list(left) == sorted(set(left.tolist()))


def test_a_share_of_the_tokens_is_left_out_and_none_without_a_share() -> None:
    rows = [np.arange(1002)]
    assert 650 < len(thinned(rows, 0.3, random.Random(1))[0]) < 750
    assert len(thinned(rows, 0.0, random.Random(1))[0]) == 1002


def test_a_processor_without_bfloat16_trains_in_full_precision(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch._C, "_has_mkldnn", False)
    assert not has_bfloat16("cpu")
    assert "full precision" in caplog.text
    assert Session().accelerator(OptimizerSection(bfloat16=True)).mixed_precision == "no"
