"""``recupera select``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from classifier.errors import InputError
from classifier.taxonomy import TASK_BY_ID, TASKS, Task
from training.commands.messages import answered, tell_bad
from training.commands.tables import console

if TYPE_CHECKING:
    from classifier.records import Columns
    from training.active_learning import Pool, Selection


def select(
    messages: Annotated[Path | None, typer.Argument(help="Messages without labels: JSONL, CSV or Parquet.")] = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Review file (.csv); with --import JSONL.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many messages to choose.")] = 100,
    languages: Annotated[str, typer.Option(help="Which languages, in which proportion: es=3,pt=1.")] = "es,pt",
    labelled: Annotated[
        list[Path] | None, typer.Option(help="Labelled messages, JSONL: what repeats them is left out. Repeatable.")
    ] = None,
    task: Annotated[list[str] | None, typer.Option(help="Choose what is unsure in this task. Repeatable.")] = None,
    names: Annotated[Literal["es", "pt", "en"] | None, typer.Option(help="Names of the labels, not ids.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; the shipped model by default.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column or key with the id: 'id'.")] = None,
    text_column: Annotated[str | None, typer.Option(help="Column or key with the text: 'text'.")] = None,
    seed: Annotated[int, typer.Option(help="Another number, other messages.")] = 1,
    import_: Annotated[
        Path | None, typer.Option("--import", help="Turn this review file into the JSONL that train reads.")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option(help="With --import: write all of this corpus, its labels corrected.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Choose the messages that are most worth a label, and write them for people to review in a spreadsheet.

    Those are the messages that the model is unsure of and that differ from each other, in both languages. Correct
    the answers in the spreadsheet, write yes in the column 'reviewed', save as CSV (UTF-8), and import it.

    Example: recupera select messages.csv --text-column body --count 200 --output review.csv

    Example: recupera select --import review.csv --output labelled.jsonl
    """
    from classifier.records import Columns

    if import_ is not None and messages is None:
        summary = _import(import_, corpus, output)
    elif messages is not None and import_ is None:
        wanted = Wanted(count, languages, tuple(task or ()), tuple(labelled or ()), names, seed)
        summary = _choose(messages, Columns.of(id=id_column, text=text_column, language=None), model, wanted, output)
    else:
        raise InputError("name a file of messages to choose from, or a review file by --import, not both")
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    elif import_ is not None:
        typer.echo(f"{summary['reviewed']:,} of {summary['rows']:,} rows are reviewed; written: {output}")
    else:
        _show(summary)


def _import(review: Path, corpus: Path | None, output: Path) -> dict[str, Any]:
    """Turn a review file into a corpus."""
    from training.corrections import corpus_rows, corrected, write_jsonl
    from training.review_file import read_sheet

    if output.suffix != ".jsonl":
        raise InputError(f"{output}: with --import the output is a .jsonl")
    if corpus is not None and output.exists() and output.samefile(corpus):
        raise InputError(f"{output} is the corpus itself: write to another file")
    sheet = read_sheet(review)
    if not sheet.unicode:
        note = "is not UTF-8: read as Windows-1252, in which emoji are lost; save as CSV (UTF-8) to keep them"
        typer.echo(f"warning: {review} {note}", err=True)
    if not sheet.examples:
        raise InputError(f"{review}: none of {sheet.rows} rows is reviewed; write yes in the column 'reviewed'")
    write_jsonl(output, corrected(corpus, sheet.examples) if corpus else corpus_rows(sheet.examples))
    return {"rows": sheet.rows, "reviewed": len(sheet.examples), "output": str(output)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to choose by."""

    count: int
    languages: str
    tasks: tuple[str, ...]
    labelled: tuple[Path, ...]
    names: str | None
    seed: int


def _choose(messages: Path, columns: Columns, model: Path | None, wanted: Wanted, output: Path) -> dict[str, Any]:
    """Choose messages and write the review file."""
    from training.active_learning import make_pool, parse_shares, review_rows, select
    from training.corpus import read_messages
    from training.messages import read_records
    from training.review_file import check_new, write_review

    shares, tasks = parse_shares(wanted.languages), _tasks(wanted.tasks)
    check_new(output)
    known = [e.text for path in wanted.labelled for e in read_messages(path)]
    read = read_records(messages, columns)
    tell_bad(read, str(messages))
    pool = make_pool(read.good, list(shares), known)
    if not pool.candidates:
        raise InputError(f"{messages}: nothing to choose from; left out: {_listed(pool.left_out)}")
    answers = answered(model, [c.text for c in pool.candidates])
    selection = select(pool, answers, wanted.count, shares, tasks=tasks, seed=wanted.seed)
    write_review(output, review_rows(pool, answers, selection, messages.name), language=wanted.names)
    left_out = pool.left_out | ({"not readable": len(read.bad)} if read.bad else {})
    return _summary(pool, selection, left_out, output)


def _tasks(names: tuple[str, ...]) -> tuple[Task, ...]:
    """Return the tasks of those names, all if there are none."""
    unknown = [name for name in names if name not in TASK_BY_ID]
    if unknown:
        raise InputError(f"--task {unknown[0]}: must be one of {', '.join(TASK_BY_ID)}")
    return tuple(TASK_BY_ID[name] for name in names) or TASKS


def _summary(pool: Pool, selection: Selection, left_out: dict[str, int], output: Path) -> dict[str, Any]:
    """Return what was chosen out of what, in figures."""
    languages = [pool.candidates[i].language for i in selection.chosen]
    means = {
        name: {"chosen": round(float(values[selection.chosen].mean()), 3), "all": round(float(values.mean()), 3)}
        for name, values in {"all tasks": selection.uncertainty, **selection.by_task}.items()
    }
    return {
        "candidates": len(pool.candidates),
        "chosen": {name: languages.count(name) for name in dict.fromkeys(languages)},
        "left_out": left_out,
        "uncertainty": means,
        "output": str(output),
    }


def _show(summary: dict[str, Any]) -> None:
    """Print the summary, and what to do with the file."""
    chosen = summary["chosen"]
    total = f"{sum(chosen.values()):,} of {summary['candidates']:,} messages chosen: {_listed(chosen)}"
    table = Table("uncertainty (0 to 1)", "of the chosen", "of all", title=total, title_justify="left")
    for name, means in summary["uncertainty"].items():
        table.add_row(name, f"{means['chosen']:.2f}", f"{means['all']:.2f}")
    page = console()
    page.print(table)
    if summary["left_out"]:
        page.print(f"left out: {_listed(summary['left_out'])}")
    output = summary["output"]
    typer.echo(f"Written: {output}, and the values it may hold beside it. Correct it in a spreadsheet, write yes in")
    typer.echo(f"the column 'reviewed', then: recupera select --import {output} --output labelled.jsonl")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "nothing"
