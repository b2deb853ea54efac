"""The files of the cards: written whole, or renewed around what their owner wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from classifier.artifact import FILES
from classifier.types import ModelInfo
from training.card.figures import Figures

CARDS: Final = MappingProxyType({"en": FILES.card, "es": FILES.card_es, "pt": FILES.card_pt})
"""File of the card by language."""

_BEGIN: Final = "<!-- figures, written by recupera -->"
_END: Final = "<!-- end of figures -->"
_BLOCK: Final = re.compile(rf"{re.escape(_BEGIN)}.*?{re.escape(_END)}\n*", re.DOTALL)

# Cards that were written before there was a block for all figures.
_OLD_BLOCK: Final = re.compile(
    r"<!-- held-out figures, written at release -->.*?<!-- end of held-out figures -->\n*", re.DOTALL
)
_OLD_SECTION: Final = re.compile(r"^## Figures on held-out messages\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_GAP: Final = re.compile(r"\n{3,}")
_BEFORE: Final = "## Training data and method"


def write_cards(path: Path, info: ModelInfo, metrics: Mapping[str, Any]) -> None:
    """Write the card of a new model in each language; ``metrics`` is the content of its ``metrics.json``."""
    for language, name in CARDS.items():
        (path / name).write_text(_card(language, info, metrics), encoding="utf-8")


def renew_cards(path: Path, made: ModelInfo, released: ModelInfo, metrics: Mapping[str, Any]) -> None:
    """Give the cards the name and version of ``released`` and the figures of ``metrics``; write those that are absent.

    A title is changed where it is that of ``made``; a card without a block of figures gets it before what it says of
    the training, or at its end.
    """
    title = re.compile(rf"^# {re.escape(made.name)}(?: .*)?$", re.MULTILINE)
    for language, name in CARDS.items():
        file = path / name
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if not text.strip():
            file.write_text(_card(language, released, metrics), encoding="utf-8")
            continue
        titled = title.sub(lambda _: f"# {released.name} {released.version}", text, count=1)
        file.write_text(_with_block(titled, _block(language, metrics)), encoding="utf-8")


def _with_block(text: str, block: str) -> str:
    """Put the block in the place of the one that is there, or of what stood for it in older cards."""
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda _: f"{block}\n", text, count=1)
    bare = _OLD_SECTION.sub("", _OLD_BLOCK.sub("", text))
    before, found, after = bare.partition(_BEFORE)
    return f"{before}{block}\n{found}{after}" if found else f"{bare.rstrip()}\n\n{block}"


def _card(language: str, info: ModelInfo, metrics: Mapping[str, Any]) -> str:
    """Return a card as Markdown."""
    return _templates().get_template(f"card.{language}.md").render(info=info, figures=_block(language, metrics))


def _block(language: str, metrics: Mapping[str, Any]) -> str:
    """Return the figures between the marks by which they are found again."""
    text = _templates().get_template(f"figures.{language}.md").render(figures=Figures(metrics, language))
    body = _GAP.sub("\n\n", text).strip()
    return f"{_BEGIN}\n{body}\n{_END}\n"


@cache
def _templates() -> Environment:
    """Return the templates; what they write is Markdown, and every value in it is a number or the model's own."""
    return Environment(
        loader=PackageLoader("training.card"),
        autoescape=False,  # noqa: S701 - no HTML is written
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
