"""The ``recupera`` command, and its subcommand ``classify``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from classifier.commands import CommandGroup
from classifier.errors import InputError
from classifier.spacy_import import spare_torch

if TYPE_CHECKING:
    from classifier.bulk import Job, Tally, Wanted
    from classifier.folders.files import FolderJob
    from classifier.inference import ComplaintClassifier
    from classifier.records import Columns

_PLAIN_WIDTH = 100
_FAST = "A small network answers where it is sure, the whole model the rest; no evidence."
_ACCURATE = "The whole model for every text, in 32-bit floats: the reference."

app = typer.Typer(
    name="recupera",
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command."""
    spare_torch()
    app(prog_name="recupera")


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature of a callback
    if wanted:
        typer.echo(f"recupera {version('recupera')}")
        raise typer.Exit


@app.callback()
def recupera(
    *,
    version: Annotated[  # noqa: ARG001, RUF100 - its callback acts
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Read customer complaints in Spanish and Portuguese.

    Why people complain, how grave it is, and what was unfair.
    """


def classify(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|-]", help="JSONL, CSV or Parquet, - for standard input, or a folder of them."),
    ] = None,
    *,
    text: Annotated[str | None, typer.Option(help="Classify this one text and print a card.")] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Write to this .jsonl, .csv or .parquet file; of a folder to this one."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; the shipped model by default.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help=_FAST)] = False,
    accurate: Annotated[bool, typer.Option("--accurate", help=_ACCURATE)] = False,
    evidence: Annotated[
        bool | None, typer.Option("--evidence/--no-evidence", help="Which words carry each decision.")
    ] = None,
    facts: Annotated[bool, typer.Option("--facts/--no-facts", help="Amounts, dates, references, deadlines.")] = True,
    file_format: Annotated[
        Literal["jsonl", "csv", "parquet"] | None,
        typer.Option("--format", help="Format of the input, where its ending doesn't tell."),
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="Column or key with the id: 'id'.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column or key with the text: 'text'.")] = None,
    language_column: Annotated[str | None, typer.Option(help="Column or key with the language: 'language'.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processors to use; all by default.")] = None,
    precision: Annotated[Literal["auto", "f32", "bf16", "int8"], typer.Option(help="Arithmetic.")] = "auto",
    lang: Annotated[Literal["es", "pt", "en"] | None, typer.Option(help="Language of the card.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --text: print JSON, not the card.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew where an interrupted run could be gone on with.")
    ] = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="For a folder: on this machine, or on a Ray cluster.")
    ] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="With ray: models at work; as fit by default.")] = None,
) -> None:
    """Say why people complain, how grave it is, and what was unfair.

    A file gives one JSON object a record, in the order of the input. Exit status 1 if a record could not be
    classified, 2 if nothing could. Interrupted with --output? The same command goes on where it was.

    Example: recupera classify messages.csv --text-column body --output classified.jsonl

    Example: recupera classify --text "El pedido llegó roto y nadie me contesta."

    Example: recupera classify s3://inbox/2026 --output s3://inbox/2026-classified --engine ray
    """
    if fast and accurate:
        raise InputError("choose --fast or --accurate, not both")
    if text is not None and file is not None:
        raise InputError("give a file or --text, not both")
    from classifier.bulk import Wanted
    from classifier.cascade import Effort

    effort = Effort.FAST if fast else Effort.FULL
    wanted = Wanted(evidence=not fast if evidence is None else evidence, facts=facts, effort=effort)
    arithmetic = "f32" if accurate and precision == "auto" else precision

    def load() -> ComplaintClassifier:
        return _load(model, arithmetic, threads)

    if text is not None:
        _classify_text(text, load(), wanted, _Showing(Path(output) if output else None, lang, as_json))
        return
    from classifier.records import Columns

    columns = Columns.of(id=id_column, text=text_column, language=language_column)
    if file is not None and (engine == "ray" or "://" in file or Path(file).is_dir()):
        from classifier.folders.files import FolderJob

        if output is None:
            raise InputError(f"name the folder that {file} is classified into: --output")
        named = str(model.expanduser().absolute()) if model else None
        whole = FolderJob(file, output, columns, wanted, named, arithmetic, threads, restart)
        _classify_folder(whole, engine, workers)
        return
    job = _job(file, file_format, Path(output) if output else None, columns, wanted)
    _classify_file(replace(job, anew=restart), load)


@dataclass(frozen=True, slots=True)
class _Showing:
    """How one classification is shown."""

    output: Path | None
    language: str | None
    as_json: bool


def _load(model: Path | None, precision: str, threads: int | None) -> ComplaintClassifier:
    from classifier.inference import ComplaintClassifier

    return ComplaintClassifier.from_pretrained(model, precision=precision, threads=threads)


def _classify_text(text: str, classifier: ComplaintClassifier, wanted: Wanted, showing: _Showing) -> None:
    """Print the card of one text, or its JSON."""
    result = classifier.predict(text, evidence=wanted.evidence, facts=wanted.facts, effort=wanted.effort)[0]
    if showing.output is not None:
        from classifier.formats.output import check_output, open_writer

        with open_writer(showing.output, check_output(showing.output, None)) as writer:
            writer.write(result)
    elif showing.as_json:
        from classifier.formats.jsonlines import encode_json

        sys.stdout.buffer.write(encode_json(result.to_dict()) + b"\n")
    else:
        from rich.console import Console

        from classifier.card import card

        width = None if sys.stdout.isatty() else _PLAIN_WIDTH
        Console(width=width, highlight=False).print(card(result, text, showing.language or user_language()))


def user_language() -> str:
    """Return the language of the locale if a card has it, else English."""
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")[:2].lower()
    return locale if locale in ("es", "pt") else "en"


def _job(file: str | None, file_format: str | None, output: Path | None, columns: Columns, wanted: Wanted) -> Job:
    """Check what is to be read and written, before anything is."""
    from classifier.bulk import Job
    from classifier.formats import Format, format_of
    from classifier.formats.output import check_output

    if file is None and sys.stdin.isatty():
        raise InputError("nothing to classify: name a file, - for standard input, or --text")
    source = None if file in (None, "-") else Path(str(file))
    unnamed = format_of(source) if source and not file_format else Format.JSONL
    written = check_output(output, source) if output else Format.JSONL
    return Job(source, Format(file_format) if file_format else unnamed, columns, output, written, wanted)


def _classify_file(job: Job, load: Callable[[], ComplaintClassifier]) -> None:
    """Do the job, and say at the end what failed."""
    from rich.console import Console

    from classifier.bulk import run

    tally = run(job, load, Console(stderr=True))
    if not tally.records:
        typer.echo(f"{job.source or 'standard input'} has no records: nothing written", err=True)
    _tell_failed(tally)


def _classify_folder(job: FolderJob, engine: Literal["local", "ray"], workers: int | None) -> None:
    """Do the job, and say at the end what failed."""
    from rich.console import Console

    from classifier.folders import run_folder

    _tell_failed(run_folder(job, engine, workers, Console(stderr=True)))


def _tell_failed(tally: Tally) -> None:
    """End with status 1 if anything failed."""
    if tally.failed:
        typer.echo(f"{tally.failed:,} of {tally.records:,} records could not be classified", err=True)
        raise typer.Exit(1)
