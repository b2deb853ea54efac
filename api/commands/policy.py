"""``recupera policy``: look after the rules of recovery."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.moments import moment

if TYPE_CHECKING:
    from api.recovery.check import Problem
    from api.recovery.policy import Policy

policy = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@policy.callback()
def group() -> None:
    """Look after the policy: what is owed to a customer, and why.

    Example: recupera policy check policy.toml
    """


@policy.command("show")
def show() -> None:
    """Print the policy that comes with Recupera, to be copied and edited.

    Example: recupera policy show > policy.toml
    """
    from api.recovery.reading import default_policy_text

    sys.stdout.buffer.write(default_policy_text().encode())


@policy.command("check")
def check(
    file: Annotated[Path | None, typer.Argument(help="Policy to check; ours by default.")] = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find rules that never act, conflicts, gaps and unequal treatment; judge each guarantee by six criteria.

    Exit status 1 if there is an error, 2 if the file can't be read as a policy.

    Example: recupera policy check policy.toml
    """
    from api.recovery.check import Level, check_policy
    from api.recovery.reading import default_policy, read_policy

    read = read_policy(file) if file else default_policy()
    problems = check_policy(read)
    if as_json:
        typer.echo(json.dumps(_report(read, problems), ensure_ascii=False, indent=2))
    else:
        _print(read, problems)
    if any(problem.level is Level.ERROR or strict for problem in problems):
        raise typer.Exit(1)


@policy.command("backtest")
def backtest(
    file: Annotated[Path, typer.Argument(help="Policy to try.")],
    *,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="DATE", help="Only cases opened from then on; UTC.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="DATE", help="Only cases opened before then; UTC.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many cases, the newest.")] = None,
    show: Annotated[int, typer.Option(min=0, help="Cases to show one by one; --json shows them all.")] = 20,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try a policy on the stored cases: what would change, at what cost, and which deadlines would be missed.

    Compares with the plans as they were made, each by the policy of its day. Nothing is stored.

    Example: recupera policy backtest policy.toml --since 2026-01-01 --limit 1000
    """
    from api.commands.backtest import run
    from api.recovery.reading import read_policy
    from api.settings import read_settings
    from api.store.plans import PlannedFilter

    wanted = PlannedFilter(since, until, limit)
    run(read_policy(file), read_settings({"data": data}), wanted, show=None if as_json else show)


def _report(read: Policy, problems: tuple[Problem, ...]) -> dict[str, Any]:
    from api.recovery.guarantee import judge

    return {
        "policy": {"name": read.policy.name, "version": read.policy.version, "digest": read.digest},
        "problems": [{name: str(getattr(problem, name)) for name in problem.__slots__} for problem in problems],
        "guarantees": {
            guarantee.id: {j.criterion: {"mark": j.mark, "reason": j.reason} for j in judge(guarantee)}
            for guarantee in read.guarantee
        },
    }


def _print(read: Policy, problems: tuple[Problem, ...]) -> None:
    """Tell people what was found, guarantees with a line a criterion."""
    from api.recovery.check import Level
    from api.recovery.guarantee import judge

    for problem in problems:
        typer.echo(f"{problem.level}: {problem.path}: {problem.message} [{problem.code}]")
    for guarantee in read.guarantee:
        typer.echo(f"guarantee {guarantee.id}{'' if guarantee.offered else ' (not offered)'}")
        for judgement in judge(guarantee):
            typer.echo(f"  {judgement.criterion:<18} {judgement.mark:<8} {judgement.reason}")
    errors = sum(problem.level is Level.ERROR for problem in problems)
    counted = f"{len(read.rule)} rules, {errors} errors, {len(problems) - errors} warnings"
    typer.echo(f"{read.policy.name} {read.policy.version} (sha256 {read.digest[:12]}): {counted}")
