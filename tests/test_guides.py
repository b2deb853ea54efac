"""The guides say what is: commands, settings and links in them exist, and the three languages show the same."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer.main

from classifier import taxonomy
from classifier.artifact import FILES
from classifier.cli import app
from tests.docs.blocks import Block, blocks, prose
from training.config import CorpusSection, TrainingConfig, read_config

ROOT = Path(__file__).parents[1]
PAGES = [*(ROOT / f"README{ending}.md" for ending in ("", ".es", ".pt")), ROOT / "docs/architecture.md"]
FOLDERS = {"en": ROOT / "docs/guides", "es": ROOT / "docs/es/guides", "pt": ROOT / "docs/pt/guides"}
NAMES = ("retrain", "labels", "gpu", "publish", "trust")
SERVICE = ("recovery", "deliveries", "early-warning")
CHANNELS = ("inbox", "chatwoot", "zendesk", "freshdesk", "zammad", "generic")
OPERATING = ("operations", "cluster", "privacy", "access", "people")
SCALE = ("batch", "scaling")
GROUPS = (NAMES, SERVICE, CHANNELS, OPERATING, SCALE)
LONGEST = {NAMES: 120, SERVICE: 200, CHANNELS: 140, OPERATING: 150, SCALE: 90}

EVERY_LANGUAGE = pytest.mark.parametrize("language", FOLDERS)
EVERY_NAME = pytest.mark.parametrize("name", NAMES)
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
EVERY_GUIDE = pytest.mark.parametrize("name", [name for group in GROUPS for name in group])
OF_OTHER_PROGRAMS = {"--revision", "--build-arg"}
"""Options that a guide names in its sentences and that are not Recupera's."""

SMALLEST_RUN: Mapping[str, Any] = {"run": {"name": "a", "version": "1"}, "data": {"corpus": [{"path": "a.jsonl"}]}}
SECTIONS = [field.annotation for field in TrainingConfig.model_fields.values()]
SETTINGS = {name for section in [*SECTIONS, CorpusSection] for name in section.model_fields}  # type: ignore[union-attr]


def _guide(language: str, name: str) -> Path:
    return FOLDERS[language] / f"{name}.md"


def _blocks(path: Path, *kinds: str) -> list[Block]:
    """Return the blocks of code of those kinds, of all kinds without any."""
    return [Block(block.kind, block.code) for block in blocks(path, *kinds)]


def _inline(path: Path) -> list[str]:
    """Return the pieces of code within sentences."""
    return re.findall(r"`([^`\n]+)`", prose(path))


def _headings(path: Path) -> list[str]:
    return re.findall(r"^(#+) ", prose(path), flags=re.M)


def _lines(code: str) -> Iterator[list[str]]:
    """Yield the words of each line of a shell block; one goes on while a quotation or a backslash does."""
    begun = ""
    for line in code.replace("\\\n", " ").splitlines():
        begun += f"{line}\n"
        try:
            words = shlex.split(begun, comments=True)
        except ValueError:
            continue
        yield words
        begun = ""
    assert not begun, f"a quotation does not end: {begun}"


def _commands(code: str) -> Iterator[list[str]]:
    """Yield the words of each command of a shell block, without where its output goes."""
    for line in _lines(code):
        words = line
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            command = words[:end]
            yield command[: next((i for i, word in enumerate(command) if word in (">", ">>")), end)]
            words = words[end + 1 :]


def _check_command(words: list[str]) -> bool:
    """Let the command's own parser read ``words``, whatever starts it; say whether it is one of Recupera's."""
    names = [Path(word).name for word in words]
    if "recupera" not in names:
        return False
    command: Any = typer.main.get_command(app)
    arguments = words[names.index("recupera") + 1 :]
    while hasattr(command, "get_command"):
        name, *arguments = arguments
        command = command.get_command(None, name)
        assert command is not None, f"no command recupera {name}"
    command.make_context(name, arguments)
    return True


def _check_subcommand(words: list[str]) -> bool:
    """Let the command's parser read ``words``; one that is only named has no arguments to read."""
    if words[0] != "recupera" or any(word.startswith("-") for word in words):
        return _check_command(words)
    command: Any = typer.main.get_command(app)
    for word in words[1:]:
        command = command.get_command(None, word)
        assert command is not None, f"no command {' '.join(words)}"
    return True


def _options(command: Any) -> set[str]:
    """Return the options of a command and of those under it."""
    under = (
        [command.get_command(None, name) for name in command.list_commands(None)]
        if hasattr(command, "list_commands")
        else []
    )
    own = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return own.union(*map(_options, under))


def _anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose(path), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _links(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield target and anchor of each link to a file here."""
    for link in re.findall(r"\]\(([^)]+)\)", prose(path)):
        if not link.startswith(("http://", "https://")):
            target, _, anchor = link.partition("#")
            yield (path.parent / target).resolve() if target else path, anchor


@EVERY_LANGUAGE
def test_has_the_same_guides(language: str) -> None:
    there = {path.stem for path in FOLDERS[language].iterdir()}

    assert there == {name for group in GROUPS for name in group}


@EVERY_GUIDE
@EVERY_LANGUAGE
def test_is_short(language: str, name: str) -> None:
    lines = _guide(language, name).read_text("utf-8").splitlines()

    assert len(lines) < next(longest for group, longest in LONGEST.items() if name in group)


@EVERY_GUIDE
@pytest.mark.parametrize("language", ["es", "pt"])
def test_has_in_every_language_the_same_sections(language: str, name: str) -> None:
    assert _headings(_guide(language, name)) == _headings(_guide("en", name))


@EVERY_GUIDE
def test_calls_a_reader_of_spanish_usted(name: str) -> None:
    assert re.findall(r"\b(?:tú|tus?|te|ti|tuy[oa]s?)\b", prose(_guide("es", name)), flags=re.I) == []


@EVERY_NAME
@EVERY_LANGUAGE
def test_names_commands_and_options_that_exist(language: str, name: str) -> None:
    commands = [words for block in _blocks(_guide(language, name), "sh") for words in _commands(block.code)]

    assert sum(map(_check_command, commands)) >= 2


@pytest.mark.parametrize("name", [*SERVICE, *CHANNELS, *OPERATING, *SCALE])
@EVERY_LANGUAGE
def test_names_commands_of_the_service_that_exist(language: str, name: str) -> None:
    guide = _guide(language, name)
    commands = [words for block in _blocks(guide, "sh") for words in _commands(block.code)]
    commands += [code.split() for code in _inline(guide) if code.startswith("recupera ")]
    units = "\n".join(block.code for block in _blocks(guide, "ini"))
    commands += [started.split() for started in re.findall(r"^ExecStart=(.+)$", units, flags=re.M)]

    ours = sum(map(_check_command, commands))

    assert ours >= {"recovery": 7, "early-warning": 3, "inbox": 5, "operations": 5, "batch": 3}.get(name, 0)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("recupera divine messages.csv", "no command recupera divine"),
        ("recupera policy divine", "no command recupera divine"),
        ("recupera policy check policy.toml --divine", "--divine"),
        ("recupera evaluate labelled.jsonl --divine", "--divine"),
        ("recupera train run.toml", "Missing parameter: output"),
        ("recupera select messages.csv --output review.csv --count many", "valid integer"),
        ("accelerate launch --num_processes 2 .venv/bin/recupera train run.toml --output model --divine", "--divine"),
    ],
)
def test_notices_what_no_command_takes(command: str, problem: str) -> None:
    with pytest.raises(Exception, match=problem):
        _check_command(shlex.split(command))


def test_reads_every_command_of_a_line() -> None:
    code = "cd models && recupera \\\n  serve  # starts\n\n# nothing\nrecupera train 'a b.toml'\n"

    assert list(_commands(code)) == [["cd", "models"], ["recupera", "serve"], ["recupera", "train", "a b.toml"]]


@EVERY_PAGE
def test_pages_name_commands_that_exist(page: Path) -> None:
    commands = [words for block in _blocks(page, "sh") for words in _commands(block.code)]
    commands += [code.split() for code in _inline(page) if code.startswith("recupera ") and "," not in code]

    assert sum(map(_check_subcommand, commands)) >= 3


@EVERY_PAGE
def test_pages_link_to_what_is_there(page: Path) -> None:
    assert [target for target, _ in _links(page) if not target.exists()] == []


@pytest.mark.parametrize("page", PAGES[1:3], ids=lambda page: page.name)
def test_first_pages_have_the_same_sections(page: Path) -> None:
    assert _headings(page) == _headings(PAGES[0])
    assert [block.kind for block in _blocks(page)] == [block.kind for block in _blocks(PAGES[0])]


def test_the_card_shown_is_one_of_the_shipped_model() -> None:
    title = (ROOT / "models/recupera-es-pt/README.md").read_text("utf-8").partition("\n# ")[2].partition("\n")[0]
    drawn = (ROOT / "docs/images/card.svg").read_text("utf-8").replace("&#160;", " ")

    assert drawn.count(title) == 2


def test_the_architecture_names_folders_and_files_that_exist() -> None:
    rows = re.findall(r"^\| (`.+?) \|", PAGES[-1].read_text("utf-8"), flags=re.M)
    named = {path for row in rows for path in re.findall(r"`([^` ]+(?:/|\.py))`", row)}
    drawn = (ROOT / "docs/images/architecture.svg").read_text("utf-8")
    named |= {
        path
        for text in re.findall(r'class="where"[^>]*>([^<]+)<', drawn)
        for path in re.findall(r"\S+(?:/|\.py)", text)
    }

    assert len(named) >= 15
    assert [path for path in named if not (ROOT / path).exists() and not (ROOT / "api" / path).exists()] == []


@EVERY_GUIDE
@EVERY_LANGUAGE
def test_names_options_in_its_sentences_that_exist(language: str, name: str) -> None:
    options = _options(typer.main.get_command(app))

    named = {word for code in _inline(_guide(language, name)) for word in re.findall(r"(?<!\S)--[\w-]+", code)}

    assert named <= options | OF_OTHER_PROGRAMS


@EVERY_GUIDE
@EVERY_LANGUAGE
def test_names_targets_of_make_that_exist(language: str, name: str) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))
    guide = _guide(language, name)
    shell = [words for block in _blocks(guide, "sh") for words in _commands(block.code)]

    named = [words[1] for words in shell if words[0] == "make"]
    named += [code.split()[1] for code in _inline(guide) if code.startswith("make ")]

    assert set(named) <= targets


@EVERY_LANGUAGE
def test_shows_settings_that_a_run_takes(language: str) -> None:
    blocks = [block for name in NAMES for block in _blocks(_guide(language, name), "toml")]

    assert len(blocks) >= 5
    for block in blocks:
        TrainingConfig.model_validate({**SMALLEST_RUN, **tomllib.loads(block.code)})


@EVERY_LANGUAGE
def test_shows_a_whole_run(language: str, tmp_path: Path) -> None:
    [block] = _blocks(_guide(language, "retrain"), "toml")
    file = tmp_path / "retrain.toml"
    file.write_text(block.code, "utf-8")

    config = read_config(file)

    shared = [corpus.path for corpus in config.data.corpus if corpus.path.startswith("../")]
    assert len(shared) == 7
    for path in [*shared, str(config.encoder.vocabulary)]:
        assert (ROOT / "runs" / "support" / path).resolve().is_file()


@EVERY_NAME
@EVERY_LANGUAGE
def test_names_settings_in_its_sentences_that_exist(language: str, name: str) -> None:
    for code in _inline(_guide(language, name)):
        if code.startswith("{"):
            CorpusSection.model_validate(tomllib.loads(f"corpus = {code}")["corpus"])
        elif setting := re.match(r"(\w+) = ", code):
            assert setting[1] in SETTINGS


@EVERY_LANGUAGE
def test_shows_rows_that_the_taxonomy_takes(language: str) -> None:
    label, task = _blocks(_guide(language, "labels"), "python")
    names: dict[str, Any] = dict(vars(taxonomy))

    (row,) = eval(label.code, names)
    exec(task.code, names)

    assert isinstance(row, taxonomy.Label)
    assert isinstance(names["CHURN"], taxonomy.Task)
    assert {*taxonomy.TASK_BY_ID}.isdisjoint([names["CHURN"].id])
    assert row.id not in taxonomy.MOTIVE.label_ids


@EVERY_LANGUAGE
def test_lists_every_file_of_a_model(language: str) -> None:
    rows = re.findall(r"^\| (`.+?) \|", _guide(language, "publish").read_text("utf-8"), flags=re.M)
    listed = {file for row in rows for file in re.findall(r"`([^`]+)`", row)}

    assert listed == {getattr(FILES, field.name) for field in fields(FILES)}


@EVERY_GUIDE
@EVERY_LANGUAGE
def test_links_to_what_is_there(language: str, name: str) -> None:
    for target, anchor in _links(_guide(language, name)):
        assert target.exists(), target
        assert not anchor or anchor in _anchors(target), f"{target}#{anchor}"


@EVERY_GUIDE
@EVERY_LANGUAGE
def test_links_to_the_other_guides_and_the_other_languages(language: str, name: str) -> None:
    targets = {target for target, _ in _links(_guide(language, name))}
    group = next(group for group in GROUPS if name in group)

    assert {_guide(language, other) for other in group if other not in (name, "inbox")} <= targets
    assert {_guide(other, name) for other in FOLDERS if other != language} <= targets


def test_finds_anchors_as_github_does(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Qué esperar\n\n## 3. Describe the run\n\n```sh\n# no heading\n```\n\n### `train`, again?\n", "utf-8"
    )

    assert _anchors(page) == {"qué-esperar", "3-describe-the-run", "train-again"}
