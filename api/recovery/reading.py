"""Reading a policy: TOML to ``Policy``, with every fault named by its dotted path and what is allowed there."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from api.recovery.calendar import holiday_problem
from api.recovery.policy import CalendarSection, Policy, Rule
from api.recovery.wording import LANGUAGES, wording
from classifier.errors import InputError
from classifier.faults import reason

__all__ = ["default_policy", "default_policy_text", "parse_policy", "policy_from", "read_policy"]

_SHOWN: Final = 8
_MOST_CHARACTERS: Final = 1_000_000
"""Of a policy: the one that comes with Recupera has some thousands."""


def read_policy(path: Path) -> Policy:
    """Read a policy; raise ``InputError`` that names the file, the dotted path and what is allowed.

    Editors on Windows begin a file of UTF-8 with a byte order mark.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"no such policy: {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read: {error}") from None
    return parse_policy(text, str(path))


@lru_cache(maxsize=1)
def default_policy() -> Policy:
    """Return the policy that comes with Recupera."""
    return parse_policy(default_policy_text(), "default_policy.toml")


def default_policy_text() -> str:
    """Return the file of the default policy, comments and all."""
    return files("api.recovery").joinpath("default_policy.toml").read_text(encoding="utf-8")


def parse_policy(text: str, name: str) -> Policy:
    """Read the TOML of a policy; ``name`` stands for it in errors."""
    if len(text) > _MOST_CHARACTERS:
        raise InputError(f"{name} has over {_MOST_CHARACTERS:,} characters, more than any policy needs")
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # a number may have too many digits as well
        raise InputError(f"{name} is not valid TOML: {error}") from None
    except RecursionError:
        raise InputError(f"{name} nests its values too deep for a policy") from None
    return policy_from(data, name)


def policy_from(data: Mapping[str, Any], name: str) -> Policy:
    """Build a policy from its tables, as TOML or as the JSON that a case keeps (``Policy.model_dump(mode="json")``)."""
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        raise InputError(_told(name, [_fault(fault, data) for fault in error.errors()])) from None
    faults = list(_broken_references(policy))
    if faults:
        raise InputError(_told(name, faults))
    return policy


def _told(name: str, faults: list[str]) -> str:
    """Put the first faults into one message."""
    more = len(faults) - _SHOWN
    return f"{name}: " + "; ".join(faults[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _fault(fault: Any, data: Mapping[str, Any]) -> str:
    """Say where a fault is and what is wrong; entries of lists go by their id where they have one."""
    location = list(fault["loc"])
    if fault["type"] == "unknown_key":
        location.append(fault["ctx"]["key"])
    return f"{'.'.join(_named(location, data))}: {reason(fault)}"


def _named(location: list[Any], data: Any) -> Iterator[str]:
    for part in location:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            data = None
        own = data.get("id") if isinstance(part, int) and isinstance(data, dict) else None
        yield own if isinstance(own, str) else str(part)


def _broken_references(policy: Policy) -> Iterator[str]:
    """Name every id that is used and not defined, defined twice, or without a text."""
    for name in ("finding", "priority", "band", "step", "guidance", "flag", "guarantee", "rule"):
        yield from _twice(name, [item.id for item in getattr(policy, name)])
    yield from _twice("step", [*policy.steps, *(guarantee.step for guarantee in policy.guarantee)])
    owners = ("owner", *policy.queues, *policy.approvers)
    yield from _unknown("policy.escalate_to", [policy.policy.escalate_to], policy.queues)
    for band in policy.band:
        yield from _unknown(f"band.{band.id}.approver", [band.approver], policy.approvers)
    for step in policy.step:
        yield from _unknown(f"step.{step.id}.owner", [step.owner], owners)
        if step.title is None:
            yield from _untitled(f"step.{step.id}.title", "steps", step.id)
    for rule in policy.rule:
        yield from _broken_rule(rule, policy)
    yield from _unknown("calendar", ["default"], policy.calendar)
    for country, calendar in policy.calendar.items():
        yield from _broken_calendar(f"calendar.{country}", calendar)


def _broken_rule(rule: Rule, policy: Policy) -> Iterator[str]:
    then, at = rule.then, f"rule.{rule.id}"
    notes = {kind: [*wording("en")[kind], *(phrase.id for phrase in own)] for kind, own in _own(policy)}
    for key, used, allowed in (
        ("then.priority", [then.priority], policy.priorities),
        ("then.queue", [then.queue], policy.queues),
        ("then.band", [then.band], policy.bands),
        ("then.steps", then.steps, policy.steps),
        ("then.guidance", then.guidance, notes["guidance"]),
        ("then.flags", then.flags, notes["flags"]),
        ("finding", [rule.finding], policy.findings),
        ("when.tier", rule.when.labels.get("tier", ()), policy.tiers),
    ):
        yield from _unknown(f"{at}.{key}", used, allowed)


def _own(policy: Policy) -> tuple[tuple[str, Any], ...]:
    return ("guidance", policy.guidance), ("flags", policy.flag)


def _broken_calendar(at: str, calendar: CalendarSection) -> Iterator[str]:
    try:
        ZoneInfo(calendar.timezone)
    except (KeyError, ValueError, OSError):
        yield f"{at}.timezone: there is no time zone {calendar.timezone!r}; write one such as 'America/Bogota'"
    if calendar.holidays and (problem := holiday_problem(calendar.holidays, calendar.region, calendar.categories)):
        yield f"{at}.holidays: {problem}"
    days = [day for opening in calendar.open for day in opening.days]
    yield from _twice(f"{at}.open", days)


def _twice(at: str, ids: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(name for name in ids if ids.count(name) > 1):
        yield f"{at}.{name}: is there {ids.count(name)} times; give each its own id"


def _unknown(at: str, used: Iterable[str | None], allowed: Iterable[str]) -> Iterator[str]:
    known = list(allowed)
    for name in used:
        if name is not None and name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            yield f"{at}: {name!r} is not defined{hint}; allowed: {', '.join(known) or 'nothing, none is defined'}"


def _untitled(at: str, kind: str, name: str) -> Iterator[str]:
    if any(name not in wording(language)[kind] for language in LANGUAGES):
        yield f"{at}: a step of your own needs a title with es, pt and en"
