"""A model put in the place of the one before, or beside new figures: written whole, and moved there in one go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classifier.artifact import FILES, Artifact, write_checksums, write_json
from training.card import renew_cards
from training.model_directory import in_place_of
from training.release.judgement import Report

__all__ = ["keep_measured", "put_in_place"]


def put_in_place(candidate: Artifact, target: Path, report: Report, files: Sequence[str]) -> Artifact:
    """Write the release in a temporary folder beside ``target``, then move it there in one go.

    Cards, metrics and checksums are new; ``files`` are the names of what it was measured on. If anything fails,
    ``target`` is what it was. Raise ``InputError`` if it is no model directory.
    """
    with in_place_of(target) as fresh:
        _write(candidate, fresh, report, files)
        Artifact.load(fresh)
    return Artifact.load(target)


def keep_measured(model: Artifact, measured: Mapping[str, Any]) -> None:
    """Add to the metrics of a model directory what was measured of it, and renew cards and checksums, in one move."""
    metrics = model.metrics()
    coverage = metrics.get("coverage", {}) | measured.get("coverage", {})
    metrics = metrics | dict(measured) | {"coverage": coverage}
    with in_place_of(model.path) as fresh:
        shutil.copytree(model.path, fresh)
        write_json(fresh / FILES.metrics, metrics)
        renew_cards(fresh, model.info, model.info, metrics)
        write_checksums(fresh)
        Artifact.load(fresh)


def _write(candidate: Artifact, path: Path, report: Report, files: Sequence[str]) -> None:
    """Copy the candidate's own files and renew what says how good it is."""
    path.mkdir()
    sums = (candidate.path / FILES.checksums).read_text(encoding="utf-8")
    for line in sums.splitlines():
        name = line.partition("  ")[2]
        shutil.copyfile(candidate.path / name, path / name)
    config = json.loads((path / FILES.config).read_text(encoding="utf-8"))
    write_json(path / FILES.config, config | {"version": report.candidate.version})
    covered_before = candidate.metrics().get("coverage", {})
    covered_now = {", ".join(files): {"messages": report.scores["all"]["messages"], "tasks": report.coverage}}
    metrics = candidate.metrics() | {"held_out": _metrics(report, files), "coverage": covered_before | covered_now}
    write_json(path / FILES.metrics, metrics)
    renew_cards(path, candidate.info, report.candidate, metrics)
    write_checksums(path)


def _metrics(report: Report, files: Sequence[str]) -> dict[str, Any]:
    """Return what ``metrics.json`` keeps of the report, beside the figures from training."""
    whole = report.to_dict()
    return {
        **report.scores,
        "intervals": {
            name: {figure: [round(i.low, 4), round(i.high, 4)] for figure, i in found.items()}
            for name, found in report.intervals.items()
        },
        "files": list(files),
        "compared_with": whole["current"],
        "differences": {
            f"{c.task} {c.figure}": [round(v, 4) for v in (c.difference.value, c.difference.low, c.difference.high)]
            for c in report.comparisons
        },
        "leakage": {
            "seen": report.leaks.seen,
            "left_out": report.left_out,
            "corpora_not_there": list(report.leaks.missing),
        },
    }
