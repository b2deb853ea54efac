"""Three languages in one site: which page is whose translation, and the navigation that each language shows.

English lies in ``docs/`` itself, the others in a folder of their own under the same names; only the dashboards have
their language in the name. ``mkdocs.yml`` lists the English pages. A page that has no translation is linked to, in
English, from the navigation of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Link, Navigation, Section
from mkdocs.structure.pages import Page

__all__ = ["LANGUAGES", "expanded", "language_of", "navigation", "paths", "translated"]

LANGUAGES: Final = {"en": "English", "es": "Español", "pt": "Português"}

TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "Tutorials": ("Tutoriales", "Tutoriais"),
    "Guides": ("Guías", "Guias"),
    "Cases": ("Casos", "Casos"),
    "Channels": ("Canales", "Canais"),
    "Model": ("Modelo", "Modelo"),
    "Operations": ("Operación", "Operação"),
    "Reference": ("Referencia", "Referência"),
    "Explanation": ("Explicación", "Explicação"),
    "Decisions": ("Decisiones", "Decisões"),
}
"""Titles of sections in Spanish and Portuguese."""

Entry = Any
"""An entry of the navigation as YAML has it: a path, or a title and what is under it."""


def language_of(path: str) -> str:
    """Return the language of a page by its path in ``docs/``."""
    first, _, rest = path.partition("/")
    if first in LANGUAGES and rest:
        return first
    return next((code for code in LANGUAGES if path.endswith(f"README.{code}.md")), "en")


def translated(path: str, language: str) -> str:
    """Return where the page of an English path is in ``language``."""
    if language == "en":
        return path
    if path.endswith("README.md"):
        return f"{path.removesuffix('.md')}.{language}.md"
    return f"{language}/{path}"


def english(path: str) -> str:
    """Return the English path of a page: what ``translated`` undoes."""
    language = language_of(path)
    if language == "en":
        return path
    return path.replace(f"README.{language}.md", "README.md").removeprefix(f"{language}/")


def expanded(entries: Sequence[Entry], there: Iterable[str]) -> list[Entry]:
    """Replace ``folder/*`` by the pages of the folder that are not listed, in the order of their names."""
    listed = set(paths(entries))
    return _expand(entries, [path for path in sorted(there) if path not in listed])


def paths(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield every path of a navigation."""
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for under in entry.values():
                yield from paths(under)


def _expand(entries: Sequence[Entry], left: Sequence[str]) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries:
        if isinstance(entry, dict):
            inner = [{title: _expand(under, left)} for title, under in entry.items()]
            found += [section for section in inner if any(section.values())]
        elif entry.endswith("/*"):
            found += [path for path in left if path.rpartition("/")[0] == entry.removesuffix("/*")]
        else:
            found.append(entry)
    return found


def navigation(entries: Sequence[Entry], files: Files, language: str) -> Navigation:
    """Return the navigation of one language."""
    pages: list[Page] = []
    items = [_item(entry, files, language, pages) for entry in entries]
    _set_parents(items)
    for before, page, after in zip([None, *pages], pages, [*pages[1:], None], strict=False):
        page.previous_page, page.next_page = before, after
    found = Navigation(items, pages)
    found.homepage = pages[0]
    return found


def _item(entry: Entry, files: Files, language: str, pages: list[Page]) -> Page | Section | Link:
    if isinstance(entry, dict):
        ((title, under),) = entry.items()
        shown = title if language == "en" else TITLES[title][("es", "pt").index(language)]
        return Section(shown, [_item(each, files, language, pages) for each in under])
    file = files.get_file_from_path(translated(entry, language))
    if file is None or file.page is None:
        return _link_to_english(files.get_file_from_path(entry))
    pages.append(file.page)
    return file.page


class _EnglishLink(Link):
    """A link to a page in English; its title is known once that page has been read."""

    def __init__(self, page: Page) -> None:
        self.page = page
        super().__init__("", page.url)

    @property
    def title(self) -> str:
        """The page's own."""
        return f"{self.page.title} (en)"

    @title.setter
    def title(self, _: str) -> None:
        pass


def _link_to_english(file: File | None) -> Link:
    if file is None or file.page is None:
        raise LookupError("a page that mkdocs.yml names is not in docs/")
    return _EnglishLink(file.page)


def _set_parents(items: Sequence[Page | Section | Link], parent: Section | None = None) -> None:
    for item in items:
        item.parent = parent
        if isinstance(item, Section):
            _set_parents(item.children, item)
