"""The blocks of code in a page of the documentation, and what they say of themselves after their language.

``needs=REASON`` marks a block that no test can run, ``part=taxonomy`` rows of that table, ``status=1`` a block that
ends so, ``figures=vary`` one whose numbers are others each time, and ``title="FILE"`` what the reader saves. MkDocs
shows the title and leaves out the rest; GitHub leaves out all.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["COMMANDS", "DOCS", "REASONS", "ROOT", "Block", "blocks", "every_page", "pages", "prose", "same"]

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
COMMANDS: Final = ("sh", "bash")
"""Kinds of block that a reader types into a shell."""

REASONS: Final = {
    "install": "changes the machine, or runs until it is stopped",
    "vendor": "an account with somebody else, or a server of the reader's",
    "minutes": "minutes of a processor's time, or a graphics card",
    "files": "a model of the reader's that is good enough to be released",
}
"""Why a block can't be run by a test."""

_FENCE: Final = re.compile(r"^```(\w+)([^\n`]*)\n(.*?)^```$", flags=re.M | re.S)
_SAID: Final = re.compile(r"""("text": |--text |predict\(|\\n\d,)("[^"]*"|'[^']*')""")
_ZONE: Final = re.compile(r"timezone=\w+/\w+")


class Block(NamedTuple):
    """A block of code."""

    kind: str
    code: str
    needs: str | None = None
    title: str | None = None
    status: int = 0
    vary: bool = False
    part: str | None = None

    @property
    def is_typed(self) -> bool:
        """Whether it is for a shell."""
        return self.kind in COMMANDS

    @property
    def is_program(self) -> bool:
        """Whether it is a whole program in Python that nobody saves."""
        return self.kind == "python" and self.title is None and self.part is None


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


def every_page() -> list[Path]:
    """Return every page that somebody wrote for readers, in order."""
    return [ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("README*.md")), *sorted(DOCS.rglob("*.md"))]


def same(block: Block, language: str) -> Block:
    """Return a block without what a translation may change.

    That is comments, what a customer says, the language and the timezone that are asked for; of what is printed or
    drawn all.
    """
    if block.kind in ("text", "mermaid"):
        return block._replace(code="")
    code = re.sub(r"[ ]*#.*", "", block.code)
    code = _ZONE.sub("timezone=…", _SAID.sub(r"\1…", code))
    return block._replace(code=code.replace(f"--lang {language}", "--lang"))


def _block(kind: str, said: str, code: str) -> Block:
    given = dict(re.findall(r'(\w+)="?([^"\s]+)"?', said))
    marks = {name: given.get(name) for name in ("needs", "title", "part")}
    return Block(kind, code, status=int(given.get("status", 0)), vary="figures" in given, **marks)
