"""The report of ``recupera evaluate --report``: a page for people, and the same figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from classifier.errors import InputError
from training.report.contents import Report, build_report
from training.report.page import render

__all__ = ["Report", "build_report", "figures_path", "write_report"]

_ENDINGS = (".html", ".htm")


def figures_path(page: Path, inputs: Iterable[Path] = ()) -> Path:
    """Return where the figures of a report go: beside ``page``.

    Raise ``InputError`` if no report can go there, or if page or figures would be written over one of the ``inputs``.
    """
    if page.suffix.lower() not in _ENDINGS:
        raise InputError(f"--report {page}: the report is HTML, its name must end in .html")
    if not page.parent.is_dir():
        raise InputError(f"--report {page}: there is no folder {page.parent}; make it first")
    figures = page.with_suffix(".json")
    for source in inputs:
        for written in (page, figures):
            if written.exists() and source.exists() and written.samefile(source):
                raise InputError(f"--report {page}: {written} is an input, and would be lost: name another page")
    return figures


def write_report(report: Report, page: Path) -> None:
    """Write the page, and the figures beside it; raise ``InputError`` if they can't be written."""
    figures = json.dumps(report.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
    html = render(report)
    try:
        figures_path(page).write_text(figures + "\n", encoding="utf-8")
        page.write_text(html, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--report {page}: {error.strerror}") from None
