"""The page of the architecture, and its picture, name every package that there is, and none that there isn't."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS

ROOT = DOCS.parent
PAGE = (DOCS / "architecture.md").read_text("utf-8")
PICTURE = (DOCS / "images/architecture.svg").read_text("utf-8")
PACKAGES = sorted(path.parent.name for path in (ROOT / "api").glob("*/__init__.py"))
NAMED = {
    path for text in re.findall(r'class="where"[^>]*>([^<]+)<', PICTURE) for path in re.findall(r"[\w/.-]+[/y]", text)
}
ARROWS = (  # what the picture draws between packages, from who imports to what is imported
    ("api/intake.py", "api.batching"),
    ("api/intake.py", "api.cases"),
    ("api/cases.py", "api.store"),
    ("api/delivery", "api.store"),
    ("api/workflow", "api.store"),
    ("api/early_warning", "api.store"),
    ("api/analytics", "api.store"),
    ("api/console", "api.store"),
    ("api/corrections.py", "api.store"),
    ("api/privacy", "api.store"),
    ("api/channels", "api.intake"),
    ("api/routes", "api.intake"),
)


def test_the_picture_names_what_is_there() -> None:
    assert {"api/access/", "api/store/", "classifier/", "training/", "models/recupera-es-pt/"} <= NAMED
    assert [path for path in NAMED if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_page_says_what_each_package_is_for(package: str) -> None:
    assert f"`api/{package}/`" in PAGE


@pytest.mark.parametrize(("source", "target"), ARROWS, ids=lambda name: name)
def test_an_arrow_is_an_import(source: str, target: str) -> None:
    assert f"{source.removesuffix('.py')}" in "".join(NAMED) or source.endswith(".py")
    assert any(name == target or name.startswith(f"{target}.") for name in _imported(ROOT / source))


def test_the_picture_is_drawn_for_light_and_dark() -> None:
    assert "prefers-color-scheme: dark" in PICTURE
    assert "<title " in PICTURE


def _imported(path: Path) -> set[str]:
    """Return the modules that a file, or the files of a folder, import."""
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return (
        plain
        | {f"{node.module}.{alias.name}" for node in parts for alias in node.names}
        | {str(n.module) for n in parts}
    )
