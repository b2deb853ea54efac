"""The reference of the settings, from the classes that read them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.channels.email.settings import InboxSettings
from api.settings import Settings
from training.config import TrainingConfig

from .kinds import as_toml, kind
from .tables import code, one_line, prose, table

__all__ = ["Section", "sections", "settings_of_everything"]

_SERVICE = """# Settings

The service reads `RECUPERA_…` environment variables first, then `recupera.toml` in the folder in which it starts, then
these defaults. A table's key in the environment joins the names: `RECUPERA_WORKER_INSIDE=false` is `inside = false`
under `[worker]`. A list may be written with commas or as JSON; a table within a table (`[channels.zendesk]`) as JSON in
one variable (`RECUPERA_CHANNELS_ZENDESK`). What is wrong is named with its dotted path before anything starts.

"""
_MAILBOXES = """## Mailboxes

One table `[[inbox]]` of `recupera.toml` for each mailbox; these are read from the file alone.

"""
_TRAINING = """## A training run

The TOML file that `recupera train` reads. Unknown keys are refused with their dotted path.

"""


class Section(NamedTuple):
    """A table of settings: where it stands in the file, its class, and the prefix of its environment variables."""

    path: str
    model: type[BaseModel]
    prefix: str | None

    def variable(self, field: str) -> str | None:
        """Return the environment variable of a field."""
        return f"{self.prefix}{field.upper()}" if self.prefix else None


def sections() -> Iterator[Section]:
    """Yield every table of settings of the service, of mailboxes and of training."""
    yield from _below(Section("", Settings, "RECUPERA_"))
    yield from _below(Section("[inbox]", InboxSettings, None))
    yield from (section for section in _below(Section("", TrainingConfig, None)) if section.path)


def settings_of_everything() -> str:
    """Return the page."""
    parts = [_SERVICE]
    said = set()
    for section in sections():
        if section.model is InboxSettings:
            parts.append(_MAILBOXES)
        if section.model.__module__.startswith("training") and "training" not in said:
            parts.append(_TRAINING)
            said.add("training")
        parts.append(_section(section))
    return "".join(parts)


def _below(section: Section) -> Iterator[Section]:
    yield section
    for name, field in section.model.model_fields.items():
        inner, many = _model(field.annotation)
        if inner is not None:
            path = f"{section.path}.{name}".strip(".") if "[" not in section.path else f"inbox.{name}"
            # Only the first level has variables of its own: a deeper table is one variable, in JSON.
            prefix = f"RECUPERA_{name.upper()}_" if section.prefix == "RECUPERA_" else None
            yield from _below(Section(f"[{path}]" if many else path, inner, prefix))


def _model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the class of a table in an annotation, and whether there may be several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for part in get_args(annotation):
        found, _ = _model(part)
        if found is not None:
            return found, get_origin(annotation) in (list, tuple)
    return None, False


def _section(section: Section) -> str:
    heading = f"### `[{section.path}]`\n\n" if section.path else "## The service\n\n"
    fields = [
        (name, field) for name, field in section.model.model_fields.items() if _model(field.annotation)[0] is None
    ]
    own_docstring = section.model.__doc__ if "__doc__" in vars(section.model) else None
    head = ("Key", "Environment", "Takes", "Default") if section.prefix else ("Key", "Takes", "Default")
    return "".join([heading, f"{prose(own_docstring)}\n\n", table(head, (_row(section, *field) for field in fields))])


def _row(section: Section, name: str, field: FieldInfo) -> list[str]:
    default = "required" if field.is_required() else as_toml(field.get_default(call_default_factory=True))
    takes = "; ".join(filter(None, (f"{kind(field.annotation)}{_range(field)}", one_line(field.description))))
    variable = section.variable(name)
    return [code(name), *([code(variable)] if variable else []), takes, default]


def _range(field: FieldInfo) -> str:
    bounds = {
        name: getattr(limit, name)
        for limit in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if hasattr(limit, name)
    }
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    said = ", ".join(f"{words[name]} {value:,}" for name, value in bounds.items() if value is not None)
    return f" ({said})" if said else ""


if __name__ == "__main__":
    sys.stdout.write(settings_of_everything())
