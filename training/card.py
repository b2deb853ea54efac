"""The model card, written from what was measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from classifier.taxonomy import TASKS
from classifier.types import ModelInfo
from training.comparison import Comparison, Interval
from training.evaluation import Scores

_HEAD = """---
license: apache-2.0
language: [es, pt]
base_model: intfloat/multilingual-e5-small
pipeline_tag: text-classification
---

# {name} {version}

Reads one message from a customer, in Spanish or Portuguese, and says whether it is a complaint, why the customer
complains, how grave it is, what was unfair, which trait of service failed at which touchpoint, the tone, whether a
guarantee is invoked, and whether the author's conduct needs a person's eye. Taxonomy {taxonomy}.

## Intended use

Routing, prioritising and answering complaints, with people who decide. Not for judging persons: *conduct* is a flag
for a person to look at and must never lower a severity, shorten a plan or deny a claim.

## Figures on held-out messages

{table}

Measured on messages that were neither trained on nor seen while training; thresholds and calibration were fitted on
these same messages, so expect slightly lower figures on new ones. `kappa` is quadratic weighted. `ece` is the
expected calibration error over 15 bins.

## Training data and method

`training.toml` is the whole run. The encoder is multilingual-e5-small (MIT) with its vocabulary reduced to Spanish
and Portuguese; nine heads, each over its own attention-weighted mean of the tokens, were trained together with it,
each loss masked where a message has no label. The logits of a linear model over hashed words and characters are added
to theirs. At each pass a part of
the messages is changed in ways that change no label: names, digits, accents, capitals, slips of the fingers. Weights
are stored in 8 bits. Real messages from complaint sites, regulators, app stores, shops, hotels, clinics and social
networks were used for training; no text of theirs is part of the model's files.

## Limits

European Portuguese, e-mail and chat styles and rare labels (conduct, improvement and altruism as main motives) are
thinly covered by real messages; most of what was learned of them comes from messages written for this project. Text in
other languages is not classified but flagged for review.
"""

_BEGIN: Final = "<!-- held-out figures, written at release -->"
_END: Final = "<!-- end of held-out figures -->"
_BEFORE: Final = "## Training data and method"
_WRITTEN: Final = re.compile(rf"{re.escape(_BEGIN)}.*?{re.escape(_END)}\n*", re.DOTALL)


def model_card(info: ModelInfo, metrics: Mapping[str, Scores]) -> str:
    """Return the card as Markdown."""
    return _HEAD.format(name=info.name, version=info.version, taxonomy=info.taxonomy, table=_table(metrics))


def _table(metrics: Mapping[str, Scores]) -> str:
    """Lay the figures out: a row a figure, a column a group."""
    groups = list(metrics)
    lines = ["| figure | " + " | ".join(groups) + " |", "| --- |" + " --- |" * len(groups)]
    lines.append("| messages | " + " | ".join(f"{metrics[g]['messages']:.0f}" for g in groups) + " |")
    for task in TASKS:
        for figure in (name for name in metrics["all"] if name.startswith(f"{task.id} ")):
            values = (metrics[g].get(figure) for g in groups)
            lines.append(f"| {figure} | " + " | ".join("–" if v is None else f"{v:.3f}" for v in values) + " |")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What was measured at release: figures by group, beside those of the model before, if there was one.

    ``seen`` counts the training messages that those measured on were looked for in; ``missing`` are corpora that could
    not be looked at.
    """

    scores: Mapping[str, Scores]
    intervals: Mapping[str, Mapping[str, Interval]]
    before: ModelInfo | None
    comparisons: Sequence[Comparison]
    files: Sequence[str]
    seen: int
    missing: Sequence[str]


def held_out_section(measured: HeldOut) -> str:
    """Return the section on figures at release, as Markdown."""
    looked = f"None of these messages, nor a near-duplicate of one, is among {measured.seen:,} that were trained on"
    looked += f"; not looked at, for want of a copy: {', '.join(measured.missing)}." if measured.missing else "."
    parts = [
        "## Figures at release",
        f"Measured on {', '.join(measured.files)}. {looked}",
        "In brackets, where 95 % of bootstrap samples of the messages lie.",
        _bounded_table(measured),
    ]
    if measured.before is not None:
        name = f"{measured.before.name} {measured.before.version}"
        parts += [f"Beside {name} on the same messages (paired bootstrap):", _differences(measured.comparisons)]
    return "\n\n".join(parts)


def released_card(card: str, made: ModelInfo, released: ModelInfo, section: str) -> str:
    """Return ``card`` with the name it is released under and ``section`` in its place, instead of an earlier one."""
    title = re.compile(rf"^# {re.escape(made.name)}(?: .*)?$", re.MULTILINE)
    titled = title.sub(lambda _: f"# {released.name} {released.version}", card, count=1)
    bare = _WRITTEN.sub("", titled)
    written = f"{_BEGIN}\n{section}\n{_END}\n"
    before, found, after = bare.partition(_BEFORE)
    return f"{before}{written}\n{found}{after}" if found else f"{bare.rstrip()}\n\n{written}".lstrip()


def _bounded_table(measured: HeldOut) -> str:
    """Lay the figures out, with their intervals where there are any."""
    scores, intervals = measured.scores, measured.intervals
    lines = ["| figure | " + " | ".join(scores) + " |", "| --- |" + " --- |" * len(scores)]
    lines.append("| messages | " + " | ".join(f"{s['messages']:.0f}" for s in scores.values()) + " |")
    for figure in (name for name in scores["all"] if name != "messages"):
        cells = (_bounded(s.get(figure), intervals.get(name, {}).get(figure)) for name, s in scores.items())
        lines.append(f"| {figure} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _bounded(value: float | None, interval: Interval | None) -> str:
    """Write a figure for example as ``0.912 (0.894 to 0.928)``."""
    if value is None:
        return "–"
    return f"{value:.3f}" if interval is None else f"{value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _differences(comparisons: Sequence[Comparison]) -> str:
    """Lay out two models side by side."""
    lines = ["| figure | before | now | difference |", "| --- | --- | --- | --- |"]
    for c in comparisons:
        d = c.difference
        change = f"{d.value:+.3f} ({d.low:+.3f} to {d.high:+.3f})"
        lines.append(f"| {c.task} {c.figure} | {c.current:.3f} | {c.candidate:.3f} | {change} |")
    return "\n".join(lines)
