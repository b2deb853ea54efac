"""The ``recupera`` command as a group of subcommands that are imported when they are asked for.

A distribution joins a subcommand through the entry-point group ``recupera.commands``: the name, and a function with
typer's annotations, or a ``typer.Typer`` with commands of its own.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from classifier.errors import MissingExtraError, RecuperaError
from classifier.faults import reason

__all__ = ["CommandGroup"]

_GROUP: Final = "recupera.commands"
_EXTRAS: Final = {"api": "api", "training": "train"}
_FIRST: Final = ("classify", "serve", "worker", "inbox", "train", "evaluate", "release")
_FAILURE: Final = 2
_CLOSED_PIPE: Final = 128 + 13
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CommandGroup(TyperGroup):
    """Finds subcommands among the entry points, and turns their errors into one line."""

    def list_commands(self, _ctx: Any) -> list[str]:
        """Return the names, the most used ones first."""
        names = sorted(point.name for point in _points())
        return sorted(names, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """Import a subcommand; ``None`` if there is none of that name."""
        for point in _points():
            if point.name == cmd_name:
                return _command(point)
        return None

    def main(self, *args: Any, **options: Any) -> Any:
        """Run as a program, and end it."""
        with _told_when_full():
            return super().main(*args, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand."""
        with _told_in_one_line(), _quiet_when_nobody_reads():
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result


def _points() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=_GROUP))


def _command(point: EntryPoint) -> Any:
    """Build the command of an entry point, or one that tells which extra it lacks."""
    app = typer.Typer(add_completion=False)
    try:
        with _named_extra(point):
            loaded = point.load()
    except MissingExtraError as error:
        app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(_stand_in(error))
    else:
        if isinstance(loaded, typer.Typer):
            app = loaded
        else:
            app.command()(_naming_extra(loaded, point))
    command = typer.main.get_command(app)
    command.name = point.name
    return command


def _naming_extra(function: Callable[..., Any], point: EntryPoint) -> Callable[..., Any]:
    """Wrap a command so that an extra that it imports later, and that is not there, is named too."""
    from functools import wraps

    @wraps(function)
    def wrapped(*args: Any, **options: Any) -> Any:
        with _named_extra(point):
            return function(*args, **options)

    return wrapped


def _stand_in(error: MissingExtraError) -> Callable[[], None]:
    """Return a command for one that can't be imported."""

    def missing() -> NoReturn:
        raise error

    missing.__doc__ = f"(needs the extra {error.extra!r}, which is not installed)"
    return missing


@contextmanager
def _named_extra(point: EntryPoint) -> Iterator[None]:
    """Turn a foreign module that is not there into the name of the extra that brings it."""
    package = point.module.partition(".")[0]
    try:
        yield
    except ModuleNotFoundError as error:
        foreign = (error.name or "").partition(".")[0] not in ("", "classifier", *_EXTRAS)
        if package in _EXTRAS and foreign:
            raise MissingExtraError(f"recupera {point.name}", _EXTRAS[package]) from None
        raise


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """Tell an error that was raised on purpose without a traceback, a wrong value in our words; end with status 2."""
    try:
        yield
    except RecuperaError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(_FAILURE) from None
    except typer.BadParameter as error:
        faults = getattr(error.__cause__, "errors", None)  # since 0.29 typer reads values with pydantic
        if faults is not None:
            error.message = reason(faults()[0])
        raise


@contextmanager
def _quiet_when_nobody_reads() -> Iterator[None]:
    """End like other programs when the reader of standard output has gone (``recupera … | head``)."""
    try:
        yield
    except BrokenPipeError:
        _drop_output()
        raise typer.Exit(_CLOSED_PIPE) from None


@contextmanager
def _told_when_full() -> Iterator[None]:
    """End with status 2 and one line where there is no room for what is written, help and version included."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in _FULL:
            raise
        typer.echo(f"error: {error.filename or 'the output'} can't be written: {error.strerror}", err=True)
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
        raise SystemExit(_FAILURE) from None


def _drop_output() -> None:
    """Let what standard output still holds go nowhere: Python would try once more to write it, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
