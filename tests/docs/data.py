"""Blocks that are no commands, read by what reads them in the product: settings, runs, policies, events, labels."""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from api.access.table import TABLE
from api.channels.email.settings import read_inboxes
from api.channels.freshdesk import read as read_freshdesk
from api.channels.settings import FreshdeskSettings
from api.recovery.check import Level, check_policy
from api.recovery.reading import default_policy_text, read_policy
from api.settings import Settings, read_settings
from api.store.records import EventType
from classifier import taxonomy
from docs._generate.flowchart import as_list
from tests.docs.blocks import Block
from training.config import TrainingConfig, read_config
from training.corpus import read_messages

__all__ = ["READ", "read"]

_SMALLEST_RUN: Final[Mapping[str, Any]] = {
    "run": {"name": "a", "version": "1"},
    "data": {"corpus": [{"path": "a.jsonl"}]},
}


def read(block: Block, folder: Path) -> object:
    """Return what the product reads in a block; raise what it raises if it can't, ``KeyError`` for another kind."""
    return READ[block.kind](block.code, folder)


def _toml(code: str, folder: Path) -> object:
    """Read a rule of a policy, a run or a part of one, or settings of the service and its mailboxes."""
    given, file = tomllib.loads(code), folder / "shown.toml"
    assert given
    if set(given) == {"rule"}:
        file.write_text(f"{default_policy_text()}\n{code}", "utf-8")
        policy = read_policy(file)
        assert [problem for problem in check_policy(policy) if problem.level is Level.ERROR] == []
        return policy
    file.write_text(code, "utf-8")
    if set(given) <= set(TrainingConfig.model_fields):
        return read_config(file) if "run" in given else TrainingConfig.model_validate({**_SMALLEST_RUN, **given})
    known = {*Settings.model_fields, "inbox"}
    assert set(given) <= known, f"no setting: {', '.join(set(given) - known)}"
    settings = read_settings({}, file)
    return [settings, *(read_inboxes(file, ()) if "inbox" in given else ())]


def _json(code: str, _folder: Path) -> object:
    """Read the body of an event, or what a rule of Freshdesk sends."""
    given: dict[str, Any] = json.loads(code)
    if "specversion" in given:
        return EventType(given["type"])
    filled = json.loads(code.replace("{{ticket.id}}", "11"))
    reading = read_freshdesk(filled, FreshdeskSettings(secret_env=("S",)), datetime(2026, 3, 4, tzinfo=UTC))
    assert reading.arrivals
    return reading


def _jsonl(code: str, folder: Path) -> object:
    """Read messages that a run would be trained on."""
    file = folder / "shown.jsonl"
    file.write_text(code, "utf-8")
    found = read_messages(file)
    assert len(found) == len(code.splitlines())
    return found


def _yaml(code: str, _folder: Path) -> object:
    """Read what Prometheus is to look at: it asks for ``/metrics`` where nothing else is said."""
    (job,) = yaml.safe_load(code)["scrape_configs"]
    path = job.get("metrics_path", "/metrics")
    assert ("GET", path) in TABLE
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{Settings().port}"]}]
    return job


def _ini(code: str, _folder: Path) -> object:
    """Read a unit of systemd, or an environment of the service."""
    if not code.startswith("["):
        given = dict(line.split("=", 1) for line in code.splitlines())
        assert all(name.startswith("RECUPERA_") for name in given)
        return given
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(code)
    assert {"Unit", "Service", "Install"} == set(unit.sections())
    return unit


def _rows(code: str, _folder: Path) -> object:
    """Read rows of the taxonomy's table."""
    names: dict[str, Any] = dict(vars(taxonomy))
    try:
        (row,) = eval(code, names)
    except SyntaxError:
        exec(code, names)
        row = next(value for name, value in names.items() if name not in vars(taxonomy) and name != "__builtins__")
    assert isinstance(row, taxonomy.Label | taxonomy.Task)
    return row


READ: Final[Mapping[str, Callable[[str, Path], object]]] = {
    "toml": _toml,
    "json": _json,
    "jsonl": _jsonl,
    "yaml": _yaml,
    "ini": _ini,
    "python": _rows,
    "mermaid": lambda code, _: as_list(code),
}
"""What reads a block of each kind; of Python it is one marked as a part of the taxonomy."""
