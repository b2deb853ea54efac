"""``recupera train``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.commands.tables import print_scores

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
    from accelerate import PartialState

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
    if PartialState().is_main_process:  # of several each comes here
        print_scores(
            artifact.metrics()["validation"], f"{artifact.info.name} {artifact.info.version}, held-out messages"
        )
