"""``recupera audit``."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from api.audit import Finding, Review
    from api.settings import Settings

_CENTURY: Final = 100 * 366 * 24 * 60


def audit(
    *,
    minutes: Annotated[
        float, typer.Option(min=0, max=_CENTURY, help="How late a thing may be before it is stuck.")
    ] = 15,
    show: Annotated[int, typer.Option(min=1, help="Findings to show of each kind; --json shows them all.")] = 20,
    data: Annotated[Path | None, typer.Option(help="Folder of the service's data; default recupera-data.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Reconcile the store: all that was accepted is there, once, with all that must follow from it.

    Messages and their classification, cases and plans, events and deliveries, workflows, and equal remedies for equal
    failures. Looks at one moment of the database, beside a running service too, and changes nothing. What does not
    hold is named by its ids, never by what customers wrote. Exit status 1 if something does not hold, 2 if the store
    can't be read.

    Example: recupera audit --data recupera-data --json > audit.json
    """
    from api.audit import Review
    from api.settings import read_settings

    into = Review()
    printer = _JsonPrinter() if as_json else _Printer(show)
    late = datetime.now(UTC) - timedelta(minutes=minutes)
    asyncio.run(_audit(read_settings({"data": data}), into, printer, late))
    printer.close(into)
    if into.errors:
        raise typer.Exit(1)


async def _audit(settings: Settings, into: Review, printer: _Printer | _JsonPrinter, late: datetime) -> None:
    from api.audit import review
    from api.commands.stored import inspected
    from api.store.audit import count
    from classifier.progress import counted

    async with inspected(settings) as connection:
        there = await count(connection)
        with counted("auditing", there["messages"] + there["cases"] + there["events"]) as advance:
            async for finding in review(connection, into, late=late, advance=advance):
                printer.print(finding)


class _Printer:
    """Prints a line a finding, the first ``show`` of each kind, and what to do at the end."""

    def __init__(self, show: int) -> None:
        self._show = show
        self._printed: dict[str, int] = {}

    def print(self, finding: Finding) -> None:
        """Print a finding."""
        code = str(finding.code)
        self._printed[code] = self._printed.get(code, 0) + 1
        if self._printed[code] <= self._show:
            typer.echo(f"{finding.code.level}: {finding.where}: {finding.message} [{code}]")

    def close(self, into: Review) -> None:
        """Say what to do about each kind, and what was looked at."""
        for code, count in into.found.items():
            more = count - self._show
            typer.echo(f"[{code}] {count}{f', {more} not shown' if more > 0 else ''}: {code.todo}")
        states = ", ".join(f"{count:,} {status}" for status, count in sorted(into.deliveries.items()))
        looked_at = ", ".join(f"{into.looked_at[kind]:,} {kind}" for kind in ("messages", "cases", "events"))
        typer.echo(f"{looked_at}, {into.looked_at['deliveries']:,} deliveries{f' ({states})' if states else ''}")
        if into.unjudged:
            typer.echo(f"{into.unjudged:,} deliveries could not be judged: their destination was changed since")
        notices = sum(into.found.values()) - into.errors
        typer.echo(f"{into.errors} errors, {notices} notices" if into.found else "everything holds")


class _JsonPrinter:
    """Writes one JSON object, the findings as they come."""

    def __init__(self) -> None:
        self._before = '{"findings": ['

    def print(self, finding: Finding) -> None:
        """Write a finding."""
        sys.stdout.write(f"{self._before}\n  {json.dumps(finding.to_dict(), ensure_ascii=False)}")
        self._before = ","

    def close(self, into: Review) -> None:
        """Write the rest."""
        if self._before != ",":
            sys.stdout.write(self._before)
        sys.stdout.write(f'\n],\n"review": {json.dumps(into.to_dict(), indent=2)}}}\n')
