"""A reply reads the same with its history below it, of histories that the rules were not written for."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.replies import LEAST, measure, read, replies
from tests.api.conftest import Marked

GOLDEN = Path(__file__).parents[1] / "golden/quoting.jsonl"


def test_the_histories_are_not_those_of_the_golden_set() -> None:
    golden = " ".join(json.loads(line)["text"] for line in GOLDEN.read_text("utf-8").splitlines())
    assert not [below for _, below in replies(10_000) if below.strip() in golden]


def test_nearly_every_reply_is_read_as_without_its_history() -> None:
    pairs = list(replies(150))
    same = [read(text) == read(text + below) for text, below in pairs]
    assert sum(same) / len(same) >= LEAST


def test_what_is_labelled_is_what_was_read() -> None:
    found = measure(30, model=Marked())
    assert found.pairs == 30
    assert found.labels >= found.text > 0.9
