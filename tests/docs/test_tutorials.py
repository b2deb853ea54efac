"""The tutorials: the same in three languages, of commands that exist, and each works from beginning to end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.settings import Settings, read_settings
from tests.conftest import CORPORA
from tests.docs.blocks import DOCS, REASONS, Block, blocks, pages, prose
from tests.docs.shell import Shell, agrees
from tests.test_guides import _check_command, _commands
from training.config import read_config

NAMES = ("inbox", "recovery", "retrain", "dashboards")
FOLDERS = {"en": DOCS / "tutorials", "es": DOCS / "es/tutorials", "pt": DOCS / "pt/tutorials"}
EVERY_LANGUAGE = pytest.mark.parametrize("language", FOLDERS)
EVERY_NAME = pytest.mark.parametrize("name", NAMES)
TRANSLATED = pytest.mark.parametrize("language", ["es", "pt"])
PRINTED = ("text",)


def _same(block: Block, language: str) -> Block:
    """Return a block without what a translation may change: comments, and the language that a command asks for."""
    code = re.sub(r"[ ]*#.*", "", block.code) if block.kind != "text" else ""
    return block._replace(code=code.replace(f"--lang {language}", "--lang"))


@EVERY_LANGUAGE
def test_every_language_has_every_tutorial(language: str) -> None:
    assert sorted(path.stem for path in FOLDERS[language].glob("*.md")) == sorted(NAMES)


@TRANSLATED
@EVERY_NAME
def test_every_language_shows_the_same(language: str, name: str) -> None:
    english, other = FOLDERS["en"] / f"{name}.md", FOLDERS[language] / f"{name}.md"

    assert [_same(b, language) for b in blocks(other)] == [_same(b, "en") for b in blocks(english)]
    assert re.findall(r"^(#+) ", prose(other), flags=re.M) == re.findall(r"^(#+) ", prose(english), flags=re.M)


@TRANSLATED
def test_the_first_page_is_the_same_in_every_language(language: str) -> None:
    english, other = DOCS / "index.md", DOCS / language / "index.md"

    assert [_same(b, language) for b in blocks(other)] == [_same(b, "en") for b in blocks(english)]
    assert len(re.findall(r"\]\(tutorials/\w+\.md\)", prose(other))) == 4


@EVERY_NAME
def test_commands_exist(name: str) -> None:
    commands = [words for block in blocks(FOLDERS["en"] / f"{name}.md", "sh") for words in _commands(block.code)]

    assert sum(_check_command(words) for words in commands if words) >= 1


@pytest.mark.parametrize("page", pages(".", "tutorials", "guides", "dashboards"), ids=lambda page: page.name)
def test_a_block_that_is_not_run_says_why(page: Path) -> None:
    assert {block.needs for block in blocks(page)} <= {None, *REASONS}


@pytest.mark.parametrize("page", pages("tutorials", "es/tutorials", "pt/tutorials"), ids=lambda page: page.parent.name)
def test_settings_that_are_shown_are_read(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "toml"):
        file = tmp_path / "shown.toml"
        file.write_text(block.code, "utf-8")
        if block.title == "recupera.toml":
            assert isinstance(read_settings({}, file), Settings)
        else:
            assert read_config(file).run.name


@pytest.mark.acceptance
@EVERY_NAME
def test_a_reader_who_follows_it_sees_what_it_shows(name: str, shell: Shell, request: pytest.FixtureRequest) -> None:
    page = blocks(FOLDERS["en"] / f"{name}.md")
    if name == "retrain":  # in the place of the model that takes a reader some minutes
        (shell.folder / "runs/first").mkdir(parents=True)
        (shell.folder / "runs/first/model").symlink_to(request.getfixturevalue("tiny_model"))
        for corpus in ("es-la.jsonl", "pt-pt.jsonl"):
            (shell.folder / "runs/first" / corpus).symlink_to(CORPORA / corpus)

    printed = shell.follow(page)

    for block, said in printed:
        after = page[page.index(block) + 1 :]
        if after and after[0].kind in PRINTED:
            assert agrees(after[0].code, said, vary=after[0].vary) == [], said
    assert len(printed) >= 2


def test_lines_that_are_shown_agree_with_those_that_are_said() -> None:
    said = "first  line\n12 messages\n\nlast"

    assert agrees("first line\n… messages\nlast\n", said) == []
    assert agrees("first line\n…\nlast\n", said) == []
    assert agrees("last\nfirst line\n", said) == ["first line"]
    assert agrees("13 messages\n", said) == ["13 messages"]
    assert agrees("13 messages\n", said, vary=True) == []
