"""The guides of the channels: their settings are valid, and the three languages show the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from api.channels.settings import ChannelsSettings
from api.channels.zendesk import TEMPLATE
from tests.docs import blocks as pages

ROOT = Path(__file__).parents[3]
FOLDERS = {"en": ROOT / "docs/guides", "es": ROOT / "docs/es/guides", "pt": ROOT / "docs/pt/guides"}
NAMES = ("chatwoot", "zendesk", "freshdesk", "zammad", "generic")


def blocks(language: str, name: str) -> list[tuple[str, str]]:
    return [(block.kind, block.code) for block in pages.blocks(FOLDERS[language] / f"{name}.md")]


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_read_as_shown(name: str) -> None:
    (shown,) = (code for kind, code in blocks("en", name) if kind == "toml")
    settings = ChannelsSettings.model_validate(tomllib.loads(shown)["channels"])
    assert list(settings.given()) == [name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["es", "pt"])
def test_the_languages_show_the_same_code(language: str, name: str) -> None:
    assert blocks(language, name) == blocks("en", name)


@pytest.mark.parametrize("language", FOLDERS)
@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(language: str, name: str) -> None:
    guide = FOLDERS[language] / f"{name}.md"
    for target in re.findall(r"\]\(([^)h][^)#]*)", guide.read_text("utf-8")):
        assert (guide.parent / target).resolve().is_file(), target


def test_the_template_of_zendesk_is_ours() -> None:
    assert ("text", TEMPLATE) in blocks("en", "zendesk")
