"""Files of the repository that pages link to: they become pages of the site, so that no link leads outside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "page_of", "relinked", "repository_pages"]

ROOT: Final = Path(__file__).parents[2]
_LINK: Final = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?(?=\))")
_FENCED: Final = re.compile(r"^(```+).*?^\1[ ]*$", flags=re.M | re.S)
_FORMS: Final = {".toml": "toml", ".py": "python", ".json": "json", ".yml": "yaml", ".yaml": "yaml"}
_FIRST: Final = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")


def page_of(path: str) -> str:
    """Return the page of a file or folder of the repository, by its path in ``docs/``."""
    if path.startswith("docs/"):
        inner = path.removeprefix("docs/")
        return f"{inner}/index.md" if (ROOT / path).is_dir() else inner
    return f"repository/{path}" if path.endswith(".md") else f"repository/{path}.md"


def repository_pages(sources: Mapping[str, str]) -> dict[str, str]:
    """Return pages, and their Markdown, of all that ``sources`` link to and that is not in ``docs/``.

    ``sources`` are pages by their path in the repository. Pages that are found are looked through as well.
    """
    found: dict[str, str] = {}
    waiting = [target for path, text in sources.items() for target in _targets(path, text)]
    while waiting:
        path = waiting.pop()
        if path.startswith("docs/") or page_of(path) in found:
            continue
        found[page_of(path)] = text = _page(path)
        waiting += [target for target in _targets(path, text) if path in _FIRST or target.startswith("docs/")]
    return found


def relinked(path: str, text: str, there: Callable[[str], bool]) -> str:
    """Turn links of a page at ``path`` in the repository into links of its place in the site.

    A link to what is not ``there`` becomes plain text.
    """
    here = posixpath.dirname(page_of(path))

    def turn(match: re.Match[str]) -> str:
        page = page_of(_resolved(path, match[1]))
        if (ROOT / _resolved(path, match[1])).is_file() and not _is_page(page):
            return match[0]
        return posixpath.relpath(page, here or ".") + (match[2] or "") if there(page) else ""

    outside = _outside_code(text, lambda part: _LINK.sub(turn, part))
    return re.sub(r"(?<!!)\[([^\]]+)\]\(\)", r"\1", outside)


def _is_page(page: str) -> bool:
    return page.endswith(".md")


def _targets(path: str, text: str) -> Iterator[str]:
    for link, _ in _LINK.findall(_FENCED.sub("", text)):
        target = _resolved(path, link)
        if (ROOT / target).exists():
            yield target


def _resolved(path: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts, at = [], 0
    for block in _FENCED.finditer(text):
        parts += [change(text[at : block.start()]), block[0]]
        at = block.end()
    return "".join([*parts, change(text[at:])])


def _page(path: str) -> str:
    """Return the Markdown of a file or folder that is not in ``docs/``."""
    file = ROOT / path
    if file.is_dir():
        names = sorted(
            f"{each.name}/" * each.is_dir() or each.name for each in file.iterdir() if each.name[0] not in "._"
        )
        return f"# `{path}/`\n\n" + "".join(f"- `{name}`\n" for name in names)
    text = file.read_text("utf-8")
    if path.endswith(".md"):
        return re.sub(r"\A---\n.*?^---\n", "", text, flags=re.M | re.S)
    return f"# `{path}`\n\n````{_FORMS.get(file.suffix, 'text')}\n{text}\n````\n"
