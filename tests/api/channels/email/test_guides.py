"""The guides of mailboxes say what is, and the same in three languages."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.channels.email.settings import InboxSettings, Write, read_inboxes
from api.commands.inbox import inbox

ROOT = Path(__file__).parents[4]
GUIDES = {name: ROOT / "docs" / name / "guides/inbox.md" for name in (".", "es", "pt")}


def blocks(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)[^\n]*\n(.*?)^```$", text, flags=re.M | re.S)


@pytest.fixture(params=GUIDES)
def guide(request: pytest.FixtureRequest) -> str:
    return GUIDES[request.param].read_text("utf-8")


def test_the_three_show_the_same(guide: str) -> None:
    assert blocks(guide) == blocks(GUIDES["."].read_text("utf-8"))


def test_the_settings_are_taken(guide: str, tmp_path: Path) -> None:
    (tmp_path / "recupera.toml").write_text("".join(code for kind, code in blocks(guide) if kind == "toml"))
    assert [found.name for found in read_inboxes(tmp_path / "recupera.toml")] == ["soporte", "suporte"]


def test_the_commands_are_taken(guide: str) -> None:
    group: Any = typer.main.get_command(inbox)
    lines = [line for kind, code in blocks(guide) if kind == "sh" for line in code.splitlines()]
    commands = [shlex.split(line)[2:] for line in lines if line.startswith("recupera inbox")]
    assert len(commands) == 7
    for name, *arguments in commands:
        group.get_command(None, name).make_context(name, arguments)


def test_every_setting_and_way_that_is_named_exists(guide: str) -> None:
    named = re.findall(r"`(\w+) = ", guide)
    assert set(named) <= set(InboxSettings.model_fields)
    assert re.findall(r'^\| `"(\w+)"` \|', guide, flags=re.M) == [way.value for way in Write]


def test_what_it_says_of_errors_is_said(guide: str) -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "api/channels/email").glob("*.py"))
    for row in re.findall(r"^\| (`[a-z].*?`) \|", guide.split("\n## ")[-1], flags=re.M):
        for said in re.findall(r"`([^`]+)`", row):
            assert said.removesuffix(" …") in source
