"""``recupera release``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from classifier.errors import ArtifactError, InputError
from classifier.progress import counted
from training.commands.tables import console

if TYPE_CHECKING:
    from classifier.inference import ComplaintClassifier
    from training.corpus import Example
    from training.release import Leaks, Limits, Report

_CONFIGS: Final = Path(__file__).parents[1] / "configs"
_FAST: Final = "training/configs/recupera-es-pt-fast.toml"
_SHOWN: Final = 20
_COLOURS: Final = {"better": "green", "worse": "bold red", "within noise": ""}


def release(
    candidate: Annotated[Path, typer.Argument(help="Model directory that recupera train wrote.")],
    *,
    on: Annotated[
        list[str],
        typer.Option(metavar="FILE[:TEXTS]", help="Labelled messages, JSONL; after a colon, stand-off labels' texts."),
    ],
    current: Annotated[
        Path | None, typer.Option(help="Model to be as good as; that of --replace by default, else the shipped one.")
    ] = None,
    first: Annotated[bool, typer.Option("--first", help="There is no current model to compare with.")] = False,
    replace: Annotated[Path | None, typer.Option(help="Put the model here if it passes; else only check.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check, write nothing.")] = False,
    force_version: Annotated[str | None, typer.Option(help="Release under this version.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the corpora that the candidate was trained on.")
    ] = None,
    configs: Annotated[
        Path,
        typer.Option(
            help="Folder of the candidate's configuration, from which its corpora are found.",
            show_default="training/configs",
        ),
    ] = _CONFIGS,
    similarity: Annotated[
        float, typer.Option(min=0.1, max=1.0, help="Share of text in common from which messages are near-duplicates.")
    ] = 0.7,
    leave_out_leaks: Annotated[
        bool, typer.Option("--leave-out-leaks", help="Measure without the messages that were trained on, too.")
    ] = False,
    allow_unchecked: Annotated[
        bool, typer.Option("--allow-unchecked", help="Release even if not all it was trained on can be looked at.")
    ] = False,
    calibration_limit: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Highest calibration error, beyond the noise of small samples.")
    ] = 0.03,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Put a model in the place of the current one, if nothing speaks against it.

    Refused, with exit status 1, is a candidate that is worse on the main figure of any task (the 95 % interval of the
    difference, over paired bootstrap samples of the messages, lies below zero), whose calibration error over 15 bins
    is over the limit and what a perfect model may show on so few messages, that was trained on messages it is
    measured on or on near-duplicates of them, or may have been as not all that it (or a model that it went on or
    learned from) was trained on is there to be looked at, whose files do not match their checksums or the taxonomy,
    or that has the version of the current model.

    Example: recupera release runs/mine --on training/corpora/validation.jsonl --replace models/recupera-es-pt
    """
    from classifier.artifact import FILES, Artifact
    from classifier.cascade import small_network
    from classifier.inference import ComplaintClassifier
    from training.model_directory import check_target
    from training.pipeline import Places
    from training.release import (
        Limits,
        as_version,
        find_leaks,
        keep_small_network,
        put_in_place,
        refit_small_network,
        without,
    )

    if current is not None and first:
        raise InputError("give --current or --first, not both")
    if replace is not None:
        check_target(replace)
    try:
        artifact = Artifact.load(candidate)
    except ArtifactError as error:
        _refuse_directory(str(error), as_json=as_json)
    old = None if first else _current(candidate, current, replace)
    examples = [example for name in on for example in _read(name)]
    leaks = find_leaks(artifact, examples, Places(configs, data, configs), similarity)
    kept = without(examples, leaks) if leave_out_leaks else examples
    new = ComplaintClassifier.from_pretrained(candidate)
    new = new if force_version is None else as_version(new, force_version)
    report = _judged(new, old, kept, leaks, Limits(calibration_limit, allow_unchecked=allow_unchecked))
    _show(report, as_json=as_json)
    if report.reasons:
        raise typer.Exit(1)
    if replace is not None and not dry_run:
        small, found = small_network(replace), None
        if (small / FILES.gate).is_file():
            _tell("asking its small network, which learned from the model before, when it still decides alike")
            found = refit_small_network(new, small, Places(configs, data, configs))
        put_in_place(artifact, replace, report, [Path(_parts(name)[0]).name for name in on])
        _tell(f"released as {report.candidate.name} {report.candidate.version} in {replace}")
        if found is not None:
            keep_small_network(small, found.gate)
        if found is not None and found.gate is not None:
            _tell(f"its small network stays, and answers {found.answered:.0%} of {found.messages:,} messages held out")
        elif found is not None:
            _tell(f"its small network went with the model before: recupera train {_FAST} --output {small}")
    else:
        _tell("nothing was written" + ("" if dry_run else ": name the directory of the release by --replace"))


def _current(candidate: Path, current: Path | None, target: Path | None) -> ComplaintClassifier:
    """Load the model to compare with."""
    from classifier.artifact import find_model
    from classifier.inference import ComplaintClassifier

    path = current or (target if target is not None and target.is_dir() and any(target.iterdir()) else find_model())
    if path.resolve() == candidate.resolve():
        raise InputError(f"{candidate} is the current model itself: name the one it should be as good as by --current")
    return ComplaintClassifier.from_pretrained(path)


def _parts(name: str) -> tuple[str, str]:
    """Split ``FILE:TEXTS``; a file that has a colon in its own name is one if it exists."""
    file, _, texts = (name, "", "") if Path(name).exists() else name.rpartition(":")
    return file or texts, texts if file else ""


def _read(name: str) -> list[Example]:
    """Read the labelled messages of one ``--on``."""
    from training.corpus import read_labelled

    file, texts = _parts(name)
    return read_labelled(Path(file), Path(texts) if texts else None)


def _judged(
    new: ComplaintClassifier, old: ComplaintClassifier | None, examples: Sequence[Example], leaks: Leaks, limits: Limits
) -> Report:
    """Judge the candidate behind a progress bar."""
    from training.release import judge

    with counted("classifying", len(examples) * (1 if old is None else 2)) as advance:
        return judge(new, old, examples, leaks, limits, advance=advance)


def _refuse_directory(reason: str, *, as_json: bool) -> None:
    """Refuse a candidate that can't be opened."""
    reason = f"directory: {reason}"
    if as_json:
        typer.echo(json.dumps({"passed": False, "reasons": [reason]}))
    else:
        _tell(f"refused: {reason}")
    raise typer.Exit(1)


def _show(report: Report, *, as_json: bool) -> None:
    """Print the report: figures on standard output, what is to be said of it on standard error."""
    if not any(reason.startswith("unchecked") for reason in report.reasons):
        for name in report.leaks.missing:
            _tell(f"warning: not looked for leaks in {name}: it is not there")
    if as_json:
        typer.echo(json.dumps(report.to_dict(), ensure_ascii=False))
    else:
        page = console()
        if report.comparisons:
            page.print(_comparisons(report))
        page.print(_calibration(report))
        page.print(_leaks(report))
    for reason in report.reasons:
        _tell(f"refused: {reason}")


def _comparisons(report: Report) -> Table:
    """Lay the two models side by side."""
    old, new = report.current, report.candidate
    names = f"{old.name} {old.version}" if old else "", f"{new.name} {new.version}"
    table = Table(title=f"{names[1]} beside {names[0]}")
    table.add_column("task")
    for column in ("messages", "current", "candidate", "difference", "95 % interval", "noise"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    for c in report.comparisons:
        d = c.difference
        table.add_row(
            f"{c.task} {c.figure}",
            f"{c.messages:,}",
            f"{c.current:.3f}",
            f"{c.candidate:.3f}",
            f"{d.value:+.3f}",
            f"{d.low:+.3f} to {d.high:+.3f}",
            f"±{d.noise:.3f}",
            Text(c.verdict.value, style=_COLOURS[c.verdict.value]),
        )
    return table


def _calibration(report: Report) -> Table:
    """Lay the calibration errors out, a column a group."""
    groups = list(dict.fromkeys(k.group for k in report.calibration))
    limit = next((k.limit for k in report.calibration), 0.0)
    table = Table(title="Calibration error", caption=f"noise in brackets; refused over {limit:.3f} beyond it")
    table.add_column("task")
    for group in groups:
        table.add_column(group, justify="right")
    for task in dict.fromkeys(k.task for k in report.calibration):
        found = {k.group: k for k in report.calibration if k.task == task}
        cells = [
            Text(f"{k.error:.3f} ({k.noise:.3f})", style="" if k.fine else "bold red") if (k := found.get(g)) else "–"
            for g in groups
        ]
        table.add_row(task, *cells)
    return table


def _leaks(report: Report) -> Table | Text:
    """List the pairs, or say that there are none."""
    leaks = report.leaks
    if not leaks.seen:
        return Text("Leaks were not looked for: what it was trained on is not there.")
    if not leaks.pairs:
        return Text(f"No leaks: none of these messages, nor the like, is among {leaks.seen:,} that it was trained on.")
    left = f", {report.left_out:,} left out" if report.left_out else ""
    more = f"and {len(leaks.pairs) - _SHOWN:,} more: see --json" if len(leaks.pairs) > _SHOWN else None
    table = Table(title=f"Trained on as well: {len(leaks.messages):,} of the messages{left}", caption=more)
    for column in ("message", "trained on", "why", "similarity"):
        table.add_column(column)
    for p in leaks.pairs[:_SHOWN]:
        seen = f"{p.seen_source}/{p.seen_id}".lstrip("/")
        table.add_row(f"{p.source}/{p.id}".lstrip("/"), seen, p.kind.value, f"{p.similarity:.2f}")
    return table


def _tell(line: str) -> None:
    typer.echo(line, err=True)
