"""``recupera calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from classifier.errors import InputError
from training.commands.tables import console

if TYPE_CHECKING:
    from training.recalibration import Recalibration


def calibrate(
    corrections: Annotated[Path, typer.Argument(help="Labelled messages of one inbox, JSONL.")],
    *,
    output: Annotated[Path, typer.Option(help="Folder that the refitted model is written to.")],
    model: Annotated[Path | None, typer.Option(help="Model directory; the shipped model by default.")] = None,
    seed: Annotated[int, typer.Option(help="For folds and bootstrap samples.")] = 1,
) -> None:
    """Refit a model's probabilities and thresholds to one inbox; the network stays as it is.

    CORRECTIONS has an object a line: text, language (or lang) and labels, of which any task but complaint may be
    absent. Take a random sample of the inbox, 20 messages at least, better some hundred: a sample of the doubtful
    ones has other shares of the labels than the inbox. Nothing is written unless some task gets better.

    Example: recupera calibrate corrections.jsonl --output models/support-inbox
    """
    from classifier.inference import ComplaintClassifier
    from training.config import DecisionSection, read_config
    from training.inbox_model import check_output, write_model
    from training.recalibration import MIN_MESSAGES, read_corrections, recalibrate

    classifier = ComplaintClassifier.from_pretrained(model)
    check_output(classifier.artifact, output)
    examples = read_corrections(corrections)
    if len(examples) < MIN_MESSAGES:
        raise InputError(
            f"{corrections}: {len(examples)} labelled messages; fewer than {MIN_MESSAGES} can't tell whether a change "
            "is for the better: label more of them"
        )
    run = classifier.artifact.path / "training.toml"
    section = read_config(run).decisions if run.is_file() else DecisionSection()
    logits = classifier.logits([e.text for e in examples])
    result = recalibrate(classifier.artifact.calibration, logits, examples, section, seed=seed)
    _print(result, corrections.name)
    if not result.changed:
        raise InputError(f"no task gets better by what {corrections} says: nothing is written, keep the model as it is")
    info = write_model(classifier.artifact, result, output).info
    typer.echo(f"{info.name} {info.version} is in {output}: refitted {', '.join(result.changed)}", err=True)


def _print(result: Recalibration, name: str) -> None:
    """Print the figures before and after, a row a task."""
    table = Table(title=f"Refitted on {name}: figures on folds that were not fitted on, before → after")
    for column in ("task", "messages", "refitted", "quality", "calibration error", "log loss"):
        table.add_column(column, justify="left" if column in ("task", "refitted") else "right")
    for v in result.verdicts:
        pairs = (
            (v.before.quality, v.after.quality),
            (v.before.calibration_error, v.after.calibration_error),
            (v.before.log_loss, v.after.log_loss),
        )
        table.add_row(v.task.id, str(v.messages), v.change.value, *(f"{old:.3f} → {new:.3f}" for old, new in pairs))
    table.caption = "quality: macro-F1; of severity and tone its mean with quadratic kappa"
    console().print(table)
