"""Days and moments as they are written on the command line."""

from __future__ import annotations

from datetime import UTC, date, datetime

import typer

__all__ = ["day", "moment"]


def day(text: str) -> date:
    """Read a day; raise ``typer.BadParameter`` that shows how one is written."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a day as in 2026-01-31") from None


def moment(text: str) -> datetime:
    """Read a moment, or a day as its beginning, in UTC where no zone is named; raise ``BadParameter`` like ``day``."""
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            "write a day as in 2026-01-31, or a moment as in 2026-01-31T09:30:00 (UTC) or 2026-01-31T09:30:00-03:00"
        ) from None
