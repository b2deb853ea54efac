import json
from pathlib import Path

import numpy as np
import pytest

from classifier.language import identify_language
from classifier.taxonomy import LANGUAGES
from training.robustness.lists import read
from training.robustness.probes import KINDS, contrasts, dialect_pairs, fill, template_messages

CORPORA = Path(__file__).parents[3] / "training" / "corpora"


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def sentences(language: str) -> list[str]:
    probes = read("probes")
    pairs = [text for part in ("dialects", *KINDS) for pair in probes[part][language] for text in pair]
    return [*probes["templates"][language], *pairs]


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_and_none_twice(language: str) -> None:
    found = sentences(language)
    assert len(found) == len(set(found)) >= 120
    assert len(read("probes")["templates"][language]) >= 40


def test_templates_are_filled_the_same_by_the_same_seed() -> None:
    first, again, other = (template_messages(chance(seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert not [message for message in first if "{" in message.text]
    assert {message.language for message in first} == set(LANGUAGES)


def test_a_slot_that_stands_twice_has_one_value() -> None:
    first, second = fill("{name} y {name}", "es", chance()).split(" y ")
    assert first == second


def test_every_slot_is_known() -> None:
    with pytest.raises(KeyError):
        fill("{planet}", "es", chance())


@pytest.mark.parametrize("language", LANGUAGES)
def test_dialect_pairs_differ(language: str) -> None:
    assert len(dialect_pairs(language)) >= 15
    assert all(first != second for first, second in dialect_pairs(language))


@pytest.mark.parametrize("kind", KINDS)
def test_contrasts_come_in_both_languages(kind: str) -> None:
    for language in LANGUAGES:
        assert len([item for item in contrasts(kind) if item.language == language]) >= 15
    assert all(item.kind == kind and item.complaint != item.other for item in contrasts(kind))


@pytest.mark.parametrize("language", LANGUAGES)
def test_long_probes_read_as_their_language(language: str) -> None:
    long = [message.text for message in template_messages(chance()) if message.language == language]
    assert sum(identify_language(text).language == language for text in long) >= len(long) - 2


def test_no_probe_is_trained_on() -> None:
    own = {text.casefold() for language in LANGUAGES for text in sentences(language)}
    for path in CORPORA.glob("*.jsonl"):
        texts = {json.loads(line)["text"].casefold() for line in path.read_text(encoding="utf-8").splitlines()}
        assert not own & texts, path.name
