"""The site: it builds without a warning, asks no other host for anything, and speaks three languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from docs._generate.repository import page_of, relinked
from docs._generate.site import english, expanded, language_of, translated
from tests.docs.blocks import DOCS

LOADED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)\"|<link\b[^>]*\bhref=\"([^\"]+)\"")


def _pages(site: Path) -> list[Path]:
    return [path for path in site.rglob("*.html") if path.name != "404.html"]


@pytest.mark.acceptance
def test_every_page_is_there(site: Path) -> None:
    built = {path.relative_to(site).as_posix() for path in _pages(site)}

    sources = {path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")}
    renamed = {re.sub(r"README\.html$", "index.html", path) for path in sources}
    assert renamed <= built
    assert {"reference/cli.html", "reference/http.html", "es/reference/labels.html", "adr/index.html"} <= built


@pytest.mark.acceptance
def test_nothing_is_asked_of_another_host(site: Path) -> None:
    for page in _pages(site):
        loaded = {first or second for first, second in LOADED.findall(page.read_text("utf-8"))}
        assert [each for each in loaded if each.startswith(("http:", "https:", "//"))] == [], page
    assert "fonts.g" not in (site / "index.html").read_text("utf-8")


@pytest.mark.acceptance
@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_a_page_is_in_its_language_and_leads_to_the_others(site: Path, language: str) -> None:
    page = (site / translated("guides/recovery.md", language)).with_suffix(".html").read_text("utf-8")

    assert f'<html lang="{language}"' in page
    for other in {"en", "es", "pt"} - {language}:
        assert re.search(
            rf'<a href="[./]+{"" if other == "en" else other + "/"}guides/recovery\.html" hreflang="{other}"', page
        )


@pytest.mark.acceptance
def test_marks_of_the_tests_are_not_shown(site: Path) -> None:
    page = (site / "tutorials/inbox.html").read_text("utf-8")

    assert "needs=" not in page
    assert "recupera.toml</span>" in page


@pytest.mark.acceptance
def test_what_is_searched_lies_beside_the_pages(site: Path) -> None:
    assert (site / "search/search_index.json").stat().st_size > 100_000
    assert "unpkg" not in (site / "index.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("path", "language", "other"),
    [
        ("guides/inbox.md", "en", "es/guides/inbox.md"),
        ("es/guides/inbox.md", "es", "es/guides/inbox.md"),
        ("dashboards/README.es.md", "es", "dashboards/README.es.md"),
        ("index.md", "en", "es/index.md"),
        ("pt/index.md", "pt", "es/index.md"),
    ],
)
def test_a_path_tells_its_language(path: str, language: str, other: str) -> None:
    assert language_of(path) == language
    assert translated(english(path), "es") == other


def test_guides_that_are_not_listed_follow_in_order() -> None:
    entries = ["index.md", {"Guides": ["guides/b.md", "guides/*"]}, {"None": ["other/*"]}]

    there = ["guides/c.md", "guides/b.md", "guides/a.md", "index.md"]
    assert expanded(entries, there) == ["index.md", {"Guides": ["guides/b.md", "guides/a.md", "guides/c.md"]}]


def test_a_link_out_of_the_folder_leads_to_a_page_of_the_site() -> None:
    text = (
        "[a](../../training/configs/recupera-es-pt.toml) [b](../nowhere.md) [c](labels.md#x)\n```\n[d](../no.md)\n```\n"
    )
    target = page_of("training/configs/recupera-es-pt.toml")

    linked = relinked("docs/guides/retrain.md", text, {target, "guides/labels.md"}.__contains__)

    assert f"[a](../{target}) b [c](labels.md#x)\n" in linked
    assert "[d](../no.md)" in linked


def test_every_page_that_is_named_is_there() -> None:
    text = re.sub(r"!!python\S+", "", (DOCS.parent / "mkdocs.yml").read_text("utf-8"))

    named = re.findall(r"- ([\w/.-]+\.md)$", text.split("\nnav:")[1], flags=re.M)

    assert yaml.safe_load(text)["site_name"] == "Recupera"
    assert [path for path in named if not (DOCS / path).exists() and not path.startswith(("reference/", "adr/"))] == []
