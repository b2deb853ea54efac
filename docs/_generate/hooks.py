"""What happens while MkDocs builds the site: generated pages come in, and each language gets its own navigation."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parents[2]))

from docs._generate.calls import http_interface
from docs._generate.commands import command_line
from docs._generate.decisions import decisions
from docs._generate.events import events
from docs._generate.figures import metrics_page
from docs._generate.flowchart import as_list
from docs._generate.labels import labels
from docs._generate.python import python_interface
from docs._generate.repository import relinked, repository_pages
from docs._generate.settings import settings_of_everything
from docs._generate.site import LANGUAGES, english, expanded, language_of, navigation, paths, translated

GENERATED: Final = {
    "reference/cli.md": command_line,
    "reference/http.md": http_interface,
    "reference/settings.md": settings_of_everything,
    "reference/events.md": events,
    "reference/metrics.md": metrics_page,
    "reference/python.md": python_interface,
    "reference/labels.md": lambda: labels("en"),
    "es/reference/labels.md": lambda: labels("es"),
    "pt/reference/labels.md": lambda: labels("pt"),
    "adr/index.md": decisions,
}
"""Pages that are made from the code, by their path in ``docs/``."""

_MARK: Final = re.compile(r"^(```\w+)((?: \w+=\w+)+)", flags=re.M)
_CHART: Final = re.compile(r"^```mermaid\n(.*?)^```$", flags=re.M | re.S)


class _State:
    """What one build hands from event to event."""

    entries: list[Any]
    navigations: dict[str, Navigation]
    files: Files


_state = _State()


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages that are there, in the order of the navigation, then those of the other languages."""
    folder = Path(config.docs_dir)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")} | set(GENERATED)
    _state.entries = expanded(config.nav or [], there)
    listed = list(paths(_state.entries))
    others = {code: [path for each in listed if (path := translated(each, code)) in there] for code in ("es", "pt")}
    config.nav = [*_state.entries, *({LANGUAGES[code]: pages} for code, pages in others.items() if pages)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the code, and those of files that pages link to."""
    for path, make in GENERATED.items():
        files.append(File.generated(config, path, content=make()))
    sources = {f"docs/{file.src_uri}": file.content_string for file in files.documentation_pages()}
    for path, text in repository_pages(sources).items():
        files.append(File.generated(config, path, content=text))
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Make the navigation of each language."""
    _state.files = files
    _state.navigations = {code: navigation(_state.entries, files, code) for code in LANGUAGES}
    return nav


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to pages of the site, write charts as lists, and take off the marks that only the tests read."""
    uri = page.file.src_uri
    path = uri.removeprefix("repository/") if uri.startswith("repository/") else f"docs/{uri}"
    if page.file.generated_by and uri.startswith("repository/"):
        path = path if (Path(config.docs_dir).parent / path).exists() else path.removesuffix(".md")
    linked = relinked(path, markdown, lambda target: files.get_file_from_path(target) is not None)
    return _MARK.sub(r"\1", _CHART.sub(lambda chart: as_list(chart[1]), linked))


def on_page_context(context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation) -> dict[str, Any]:
    """Show the page in its language: words of the theme, navigation, and where the other languages are."""
    language = language_of(page.file.src_uri)
    config.theme["language"] = language
    config.extra["alternate"] = [
        {"name": name, "link": _other(page, code), "lang": code} for code, name in LANGUAGES.items()
    ]
    return {**context, "nav": _state.navigations[language]}


def on_template_context(context: dict[str, Any], template_name: str, config: MkDocsConfig) -> dict[str, Any]:
    """Show a page of the theme itself (404) in English."""
    config.theme["language"] = "en"
    return {**context, "nav": _state.navigations["en"]}


def _other(page: Page, language: str) -> str:
    """Return the page in another language, or that language's first one."""
    file = _state.files.get_file_from_path(translated(english(page.file.src_uri), language))
    return file.url if file is not None else str(_state.navigations[language].homepage.url)  # type: ignore[union-attr]
