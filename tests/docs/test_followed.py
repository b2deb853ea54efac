"""The pages that are followed: what they show with a shell runs as shown, and prints what they say it prints."""

from __future__ import annotations

import pytest

from tests.docs.blocks import ROOT, Block, blocks
from tests.docs.followed import FOLLOWED
from tests.docs.reader import Reader
from tests.docs.shell import agrees

RAISED = "docs/guides/early-warning.md"
"""Shows an alert, which takes weeks of messages: ``tests/test_service_guides.py`` prints it."""


def _shown_after(page: list[Block], block: Block) -> Block | None:
    """Return what a page shows as printed by a block: the text before the next one that is run."""
    after = page[page.index(block) + 1 :]
    until = next((i for i, each in enumerate(after) if each.is_typed or each.is_program), len(after))
    return next((each for each in after[:until] if each.kind == "text"), None)


@pytest.mark.acceptance
@pytest.mark.parametrize("page", FOLLOWED)
def test_a_reader_who_follows_it_sees_what_it_shows(page: str, reader: Reader) -> None:
    shown = blocks(ROOT / page)
    FOLLOWED[page](reader)
    shell = reader.shell()

    printed = shell.follow(shown, reader.by_hand)

    assert printed
    for block, said in printed:
        assert "urn:recupera:problem" not in said, f"{block.code}\n{said}"
        assert "Traceback" not in said, f"{block.code}\n{said}"
        text = _shown_after(shown, block)
        if text is not None and page != RAISED:
            assert agrees(shell.here(text.code), said, vary=text.vary) == [], said


@pytest.mark.acceptance
def test_a_call_of_the_first_page_is_answered_by_the_model(reader: Reader) -> None:
    reader.share_a_service()

    ((_, said),) = reader.shell().follow(blocks(ROOT / "docs/index.md"))

    assert '"primary":"restitution"' in said.replace(" ", "")


def test_lines_that_are_shown_agree_with_those_that_are_said() -> None:
    said = "first  line\n12 messages\n\nlast"

    assert agrees("first line\n… messages\nlast\n", said) == []
    assert agrees("first line\n…\nlast\n", said) == []
    assert agrees("last\nfirst line\n", said) == ["first line"]
    assert agrees("13 messages\n", said) == ["13 messages"]
    assert agrees("13 messages\n", said, vary=True) == []


def test_what_is_printed_belongs_to_the_block_before_it() -> None:
    sh, other, text = Block("sh", "a\n"), Block("sh", "b\n"), Block("text", "c\n")

    assert _shown_after([sh, Block("toml", "d\n"), text], sh) == text
    assert _shown_after([sh, other, text], sh) is None


@pytest.mark.parametrize(("code", "said"), [("false\n", "status 1"), ("curl -s http://127.0.0.1:1\n", "status 7")])
def test_a_block_that_fails_is_noticed(code: str, said: str, reader: Reader) -> None:
    with pytest.raises(AssertionError, match=said):
        reader.shell().follow([Block("sh", code)])


def test_each_command_is_told_a_line_of_its_own(reader: Reader) -> None:
    reader.typed += ["one", "two"]
    ask = Block("sh", "python -c 'import sys; print(sys.stdin.readline())'\n")

    printed = reader.shell().follow([ask, ask])

    assert [said for _, said in printed] == ["one", "two"]


def test_what_is_done_by_hand_must_have_its_place(reader: Reader) -> None:
    reader.by_hand["recupera divine"] = "true"

    with pytest.raises(AssertionError, match="no block begins so: recupera divine"):
        reader.shell().follow([Block("sh", "true\n")], reader.by_hand)
