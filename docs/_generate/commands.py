"""The reference of the command line, from the parsers themselves."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import typer.main

from classifier.cli import app

from .kinds import as_toml, kind
from .tables import code, one_line, prose, table

__all__ = ["command_line", "commands"]

_INTRODUCTION = """# Command line

Every command with its arguments and options, as its own `--help` says them. Exit status 0 is success, 1 says that
something did not hold or that a record failed, 2 that the command could not do its work.

"""
_COMPLETION = {"install_completion", "show_completion", "help"}


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command, with the words that call it."""
    root: Any = typer.main.get_command(app)
    yield "recupera", root
    yield from _under(root, "recupera")


def command_line() -> str:
    """Return the page."""
    return _INTRODUCTION + "".join(_section(words, command) for words, command in commands())


def _under(group: Any, words: str) -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield f"{words} {name}", command
        if hasattr(command, "list_commands"):
            yield from _under(command, f"{words} {name}")


def _section(words: str, command: Any) -> str:
    text, examples = _parted(command.help or "")
    parts = [f"##{'#' * (words.count(' ') > 1)} `{words}`\n\n{text}\n\n", f"```text\n{_usage(words, command)}\n```\n\n"]
    parts.append(table(("Argument or option", "What it does", "Default"), map(_row, _parameters(command))))
    if examples:
        parts.append("```console\n" + "".join(f"$ {line}\n" for line in examples) + "```\n\n")
    return "".join(parts)


def _parted(help_text: str) -> tuple[str, list[str]]:
    """Part the examples from the sentences."""
    paragraphs = prose(help_text).replace("\f", "").split("\n\n")
    examples = [p.partition(":")[2] for p in paragraphs if p.startswith("Example:")]
    sentences = [p for p in paragraphs if not p.startswith("Example:")]
    return "\n\n".join(sentences), [re.sub(r"\s+", " ", example).strip() for example in examples]


def _usage(words: str, command: Any) -> str:
    parts = [words]
    if hasattr(command, "list_commands"):
        return f"{words} [OPTIONS] COMMAND …"
    shown = _parameters(command)
    parts += ["[OPTIONS]"] * any(_is_option(parameter) for parameter in shown)
    parts += [_argument(parameter) for parameter in shown if not _is_option(parameter)]
    return " ".join(parts)


def _parameters(command: Any) -> list[Any]:
    return [
        parameter
        for parameter in command.params
        if parameter.name not in _COMPLETION and not getattr(parameter, "hidden", False)
    ]


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name).upper().strip("[]")
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> tuple[str, str, str]:
    names = [*parameter.opts, *parameter.secondary_opts] if _is_option(parameter) else [_argument(parameter)]
    shown = ", ".join(code(name) for name in names)
    takes = _takes(parameter)
    return f"{shown} {takes}".strip(), one_line(parameter.help), _default(parameter)


def _takes(parameter: Any) -> str:
    if not _is_option(parameter) or getattr(parameter, "is_flag", False):
        return ""
    return kind(parameter.type_descriptor.annotation)


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value is None or value in ((), []) or callable(value):
        return ""
    if getattr(parameter, "is_flag", False):
        return code(parameter.opts[0] if value else parameter.secondary_opts[0]) if parameter.secondary_opts else ""
    return code(value) if isinstance(value, str) else as_toml(value)


if __name__ == "__main__":
    sys.stdout.write(command_line())
