"""The reference names everything that the code has: it is made from it, and these tests count."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rich.text import Text

from api.main import create_app
from api.metrics import Metrics
from api.settings import Settings
from api.store.records import EventType
from classifier import taxonomy
from docs._generate.calls import calls, http_interface
from docs._generate.commands import command_line, commands
from docs._generate.decisions import decisions
from docs._generate.events import event_keys, event_meanings, events
from docs._generate.figures import metrics_page
from docs._generate.flowchart import as_list
from docs._generate.kinds import as_toml, kind
from docs._generate.labels import labels
from docs._generate.python import MODULES, python_interface
from docs._generate.settings import sections, settings_of_everything
from docs._generate.tables import code, prose, table
from tests.docs.blocks import DOCS


def test_every_command_and_option_is_there() -> None:
    page = command_line()

    listed = re.findall(r"^##+ `(recupera[^`]*)`$", page, flags=re.M)
    assert listed == [words for words, _ in commands()]
    assert {"recupera classify", "recupera inbox run", "recupera policy backtest"} <= set(listed)
    for words, command in commands():
        section = re.split(rf"^##+ `{words}`$", page, flags=re.M)[1].split("\n#")[0]
        for parameter in command.params:
            if parameter.param_type_name == "option" and not parameter.name.endswith(("completion", "help")):
                assert all(f"`{name}`" in section for name in parameter.opts)


@pytest.mark.parametrize(("words", "command"), [*commands()])
def test_a_terminal_shows_every_word_of_the_help(words: str, command: Any) -> None:
    for said in [command.help, *(getattr(parameter, "help", None) for parameter in command.params)]:
        assert Text.from_markup(said or "").plain == (said or ""), f"rich takes a part of it for markup: {words}"


def test_examples_of_commands_are_blocks_of_their_own() -> None:
    assert "$ recupera serve --port 9000\n" in command_line()
    assert "Example:" not in command_line()


def test_every_call_and_object_is_there() -> None:
    described, page = create_app(Settings()).openapi(), http_interface()

    listed = re.findall(r"^### `([A-Z]+) (\S+)`$", page, flags=re.M)
    there = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert set(listed) == there
    assert len(listed) == len(there) == len(calls(described))
    objects = re.findall(r"#object-([\w-]+) \}", page)
    assert len(objects) == len(set(objects)) >= len(described["components"]["schemas"]) - 2
    assert set(re.findall(r"\(#object-([\w-]+)\)", page)) <= set(objects)


def test_every_setting_is_there_with_its_variable() -> None:
    page = settings_of_everything()

    for section in sections():
        for name in section.model.model_fields:
            assert f"`{name}`" in page or f".{name}]" in page or f"[{name}]" in page
    assert re.findall(r"`(RECUPERA_WORKER_INSIDE)`", page)
    assert "| `port` | `RECUPERA_PORT` | whole number (at least 0, at most 65,535) | `8000` |" in page


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_every_label_is_there(language: str) -> None:
    page = labels(language)

    for task in taxonomy.TASKS:
        section = page.split(f"## `{task.id}`\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", section, flags=re.M) == list(task.label_ids)
        assert task.definition[language] in section


def test_every_event_is_there_with_what_it_says() -> None:
    assert [name for name, _ in event_meanings()] == list(EventType)
    assert all(meaning for _, meaning in event_meanings())
    assert all(f"| `{name}` |" in events() for name in EventType)
    assert {"message_id", "external_id", "channel", "case_id", "classification", "plan"} <= set(event_keys())


def test_every_metric_is_there() -> None:
    families = {family.name for family in Metrics()._registry.collect()}
    listed = {
        name.removesuffix("_total") for name in re.findall(r"^\| `(recupera_\w+)` \|", metrics_page(), flags=re.M)
    }

    assert listed == families


def test_every_public_name_is_there() -> None:
    page = python_interface()

    import classifier

    assert all(f"::: classifier.{name}\n" in page for name in classifier.__all__)
    assert all(f"## `{module}`" in page for module in MODULES)


def test_every_decision_is_listed() -> None:
    assert re.findall(r"\]\((\S+)\)", decisions()) == sorted(path.name for path in (DOCS / "adr").glob("[0-9]*.md"))


def test_a_chart_is_a_list_of_its_questions() -> None:
    lines = (
        "A{Rain?} -- yes --> B[umbrella<br>boots]",
        "A -- no --> C{Sun?}",
        "C -- yes --> D[hat]",
        "B & D --> E[go]",
    )
    chart = "\n".join(["flowchart TD", *lines])

    assert as_list(chart) == "".join(
        ("1. Rain?<br>**yes** → umbrella; boots\n", "2. Sun?<br>**yes** → hat\n", "3. go\n")
    )


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (str | None, "text"),
        (tuple[int, ...], "list of whole number"),
        (dict[str, int], "table"),
        (bool, "true or false"),
    ],
)
def test_types_are_said_in_words(annotation: object, words: str) -> None:
    assert kind(annotation) == words


def test_defaults_are_written_as_in_a_file() -> None:
    assert [as_toml(value) for value in (None, True, "a", (1, 2), {})] == ["", "`true`", '`"a"`', "`[1, 2]`", "`{}`"]


def test_a_cell_holds_any_text() -> None:
    assert code("a|b<c>") == "<code>a&#124;b&lt;c></code>"
    assert table(("a", "b"), []) == ""
    assert prose("One ``name``.\n\n    Two.") == "One `name`.\n\nTwo."
