import re

import pytest

from training.robustness.lists import read, whole


@pytest.mark.parametrize("name", ["names", "words", "probes", "surroundings"])
def test_lists_are_read_once(name: str) -> None:
    assert read(name) is read(name)


def test_phrases_are_whole_words_and_the_longest_wins() -> None:
    pattern = whole(["sol", "sol y mar", "S/"])
    assert re.findall(pattern, "solo sol y mar, sol. insol") == ["sol y mar", "sol"]
    assert re.findall(pattern, "S/ 5") == ["S/"]


def test_signs_are_taken_as_they_are() -> None:
    assert re.findall(whole(["R$", "a.b"]), "R$ a.b axb") == ["R$", "a.b"]
