"""What the guides of the service show with a shell and can be run here, is run."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import DOCS, Block, blocks
from tests.docs.shell import Shell
from tests.test_guides import CHANNELS
from tests.test_guides import NAMES as ABOUT_MODELS

GUIDES = ("recovery", "deliveries", "early-warning")


def _first_page() -> list[Block]:
    return blocks(DOCS / "index.md")


@pytest.mark.acceptance
@pytest.mark.parametrize("name", GUIDES)
def test_commands_of_a_guide_run_as_shown(name: str, shell: Shell) -> None:
    printed = shell.follow([block for block in blocks(DOCS / f"guides/{name}.md") if block.title is None])

    assert printed
    for block, said in printed:
        assert "urn:recupera:problem" not in said, block.code
        assert "Traceback" not in said


@pytest.mark.acceptance
def test_calls_of_the_dashboards_and_the_first_page_are_answered(shell: Shell) -> None:
    printed = shell.follow([*_first_page(), *blocks(DOCS / "dashboards/README.md")])

    assert len(printed) == 3
    assert '"label":"restitution"' in re.sub(r"\s", "", printed[0][1]) or '"primary":"restitution"' in printed[0][1]
    assert '"messages"' in printed[1][1]
    assert list(shell.folder.glob("*.parquet"))


@pytest.mark.parametrize("name", [*ABOUT_MODELS, *CHANNELS])
def test_what_is_not_run_of_a_guide_says_why(name: str) -> None:
    unmarked = [block for block in blocks(DOCS / f"guides/{name}.md", "sh") if block.needs is None]

    assert unmarked == []
