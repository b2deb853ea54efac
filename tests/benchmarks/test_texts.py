"""Speed is measured on messages that nothing was trained on, of both languages, in a mix that any part keeps."""

from __future__ import annotations

import json
from statistics import mean

import pytest

from benchmarks.texts import CORPORA, messages, of_length, part
from classifier.artifact import FILES, Artifact, find_model
from classifier.tokenization import TokenEncoder


@pytest.fixture(scope="module")
def encoder() -> TokenEncoder:
    artifact = Artifact.load(find_model())
    return TokenEncoder.from_file(artifact.path / FILES.tokenizer, max_tokens=artifact.max_tokens)


def lengths(texts: list[str], encoder: TokenEncoder) -> list[int]:
    return [len(row) for row in encoder.encode(texts)]


def test_they_are_held_out_and_of_both_languages_from_the_first_on(encoder: TokenEncoder) -> None:
    lines = (CORPORA / "validation.jsonl").read_text("utf-8").splitlines()
    languages = {row["text"]: row["lang"] for row in map(json.loads, lines)}

    found = [languages[text] for text in messages(512, encoder)]

    for some in (found, found[:50], found[-50:]):
        assert 0.3 < some.count("es") / len(some) < 0.7


def test_they_have_about_sixty_tokens_and_come_again_in_another_order(encoder: TokenEncoder) -> None:
    found = messages(512, encoder)

    assert mean(lengths(found, encoder)) == pytest.approx(60, abs=2)
    assert found == messages(512, encoder)
    assert found != messages(512, encoder, seed=2)
    whole = len(set(found))
    assert 100 < whole < 200
    assert set(found[:whole]) == set(found[whole : 2 * whole])
    assert found[:whole] != found[whole : 2 * whole]


@pytest.mark.parametrize("count", [64, 100, 512])
def test_a_part_has_the_same_mix_of_lengths(encoder: TokenEncoder, count: int) -> None:
    texts = messages(512, encoder)
    whole, some = lengths(texts, encoder), lengths(part(texts, count, encoder), encoder)

    assert len(some) == count
    assert mean(some) == pytest.approx(mean(whole), abs=1)
    assert max(some) > 0.9 * max(whole)


def test_single_ones_are_all_near_the_length(encoder: TokenEncoder) -> None:
    found = of_length(60, 100, encoder)

    assert len(found) == 100
    assert all(48 <= length <= 72 for length in lengths(found, encoder))
