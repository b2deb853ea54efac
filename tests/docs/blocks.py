"""The blocks of code in a page of the documentation, and what they say of themselves after their language.

``needs=REASON`` marks a block that no test can run, ``status=1`` one that ends so, ``figures=vary`` one whose numbers
are others each time, and ``title="FILE"`` what the reader saves. MkDocs shows the title and leaves out the rest; GitHub
leaves out all.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["DOCS", "REASONS", "Block", "blocks", "pages", "prose"]

DOCS: Final = Path(__file__).parents[2] / "docs"

REASONS: Final = {
    "install": "changes the machine, or runs until it is stopped",
    "mailbox": "a mailbox of the reader's",
    "vendor": "an account with somebody else, or a server of the reader's",
    "minutes": "minutes of a processor's time, or a graphics card",
    "files": "messages or a model of the reader's",
    "values": "values that an earlier answer gave",
}
"""Why a block can't be run by a test."""

_FENCE: Final = re.compile(r"^```(\w+)([^\n`]*)\n(.*?)^```$", flags=re.M | re.S)


class Block(NamedTuple):
    """A block of code."""

    kind: str
    code: str
    needs: str | None = None
    title: str | None = None
    status: int = 0
    vary: bool = False


def blocks(path: Path, *kinds: str) -> list[Block]:
    """Return the blocks of those kinds, of all kinds without any."""
    found = [_block(*match) for match in _FENCE.findall(path.read_text("utf-8"))]
    return [block for block in found if not kinds or block.kind in kinds]


def prose(path: Path) -> str:
    """Return the text of a page without its blocks."""
    return _FENCE.sub("", path.read_text("utf-8"))


def pages(*folders: str) -> list[Path]:
    """Return the pages of folders under ``docs/``, in order."""
    return sorted(path for folder in folders for path in (DOCS / folder).glob("*.md"))


def _block(kind: str, said: str, code: str) -> Block:
    given = dict(re.findall(r'(\w+)="?([^"\s]+)"?', said))
    return Block(kind, code, given.get("needs"), given.get("title"), int(given.get("status", 0)), "figures" in given)
