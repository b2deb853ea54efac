"""The tutorials: there in three languages with the same sections, and of commands that exist."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import DOCS, blocks, prose
from tests.docs.followed import FOLLOWED
from tests.test_guides import _check_command, _commands

NAMES = ("inbox", "recovery", "retrain", "dashboards")
FOLDERS = {"en": DOCS / "tutorials", "es": DOCS / "es/tutorials", "pt": DOCS / "pt/tutorials"}
EVERY_LANGUAGE = pytest.mark.parametrize("language", FOLDERS)
EVERY_NAME = pytest.mark.parametrize("name", NAMES)
TRANSLATED = pytest.mark.parametrize("language", ["es", "pt"])


@EVERY_LANGUAGE
def test_every_language_has_every_tutorial(language: str) -> None:
    assert sorted(path.stem for path in FOLDERS[language].glob("*.md")) == sorted(NAMES)


@TRANSLATED
@EVERY_NAME
def test_every_language_has_the_same_sections(language: str, name: str) -> None:
    english, other = FOLDERS["en"] / f"{name}.md", FOLDERS[language] / f"{name}.md"

    assert re.findall(r"^(#+) ", prose(other), flags=re.M) == re.findall(r"^(#+) ", prose(english), flags=re.M)


@TRANSLATED
def test_the_first_page_leads_to_every_tutorial(language: str) -> None:
    assert len(re.findall(r"\]\(tutorials/\w+\.md\)", prose(DOCS / language / "index.md"))) == 4


@EVERY_NAME
def test_commands_exist(name: str) -> None:
    commands = [words for block in blocks(FOLDERS["en"] / f"{name}.md", "sh") for words in _commands(block.code)]

    assert sum(_check_command(words) for words in commands if words) >= 1


@EVERY_NAME
def test_every_tutorial_is_followed(name: str) -> None:
    assert f"docs/tutorials/{name}.md" in FOLLOWED
