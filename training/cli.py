"""``recupera train`` and ``recupera evaluate``."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from classifier.errors import InputError

_errors = Console(stderr=True)


def train(
    config: Annotated[Path, typer.Argument(help="The run, as one TOML file.")],
    *,
    output: Annotated[Path, typer.Option(help="Folder that the model is written to.")],
    data: Annotated[Path | None, typer.Option(help="Folder with corpora that the configuration names.")] = None,
) -> None:
    """Train a model from one TOML file.

    Example: recupera train training/configs/corpora-only.toml --output runs/mine
    """
    from training.config import read_config
    from training.pipeline import Places, run

    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=_errors)])
    logging.getLogger("nncf").setLevel(logging.ERROR)
    settings = read_config(config)
    with Progress(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
        console=_errors,
    ) as bar:
        job = bar.add_task("training", total=None, loss=float("nan"))

        def told(*, step: int, steps: int, loss: float, seconds_left: float) -> None:
            bar.update(job, completed=step, total=steps, loss=loss)
            if not _errors.is_terminal and step % 50 == 0:
                logging.info("step %d of %d, loss %.3f, %.0f minutes left", step, steps, loss, seconds_left / 60)

        artifact = run(settings, Places(config.parent, data, output), progress=told)
    _print_scores(artifact.metrics()["validation"], f"{artifact.info.name} {artifact.info.version}, held-out messages")


def evaluate(
    file: Annotated[Path, typer.Argument(help="Labelled messages, JSONL.")],
    *,
    texts: Annotated[Path | None, typer.Option(help="FILE is stand-off labels; their texts are here.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; the shipped model by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a model on labelled messages.

    Example: recupera evaluate training/corpora/validation.jsonl --model runs/mine
    """
    from classifier.inference import ComplaintClassifier
    from training.corpus import read_messages, read_standoff
    from training.pipeline import measure

    classifier = ComplaintClassifier.from_pretrained(model)
    examples = read_messages(file) if texts is None else read_standoff(file, texts)
    if not examples:
        raise InputError(f"{file}: no labelled messages" + (f" whose text is in {texts}" if texts else ""))
    scores = measure(classifier, examples)
    if as_json:
        typer.echo(json.dumps(scores))
    else:
        _print_scores(scores, f"{classifier.model.name} {classifier.model.version} on {file.name}")


def _print_scores(scores: dict[str, dict[str, float]], title: str) -> None:
    """Print a table, a column a group."""
    table = Table(title=title)
    table.add_column("figure")
    for group in scores:
        table.add_column(group, justify="right")
    for figure in scores["all"]:
        table.add_row(figure, *(f"{s[figure]:.3f}" if figure in s else "–" for s in scores.values()))
    Console().print(table)
