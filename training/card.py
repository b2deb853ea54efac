"""The model card, written from what was measured."""

from __future__ import annotations

from collections.abc import Mapping

from classifier.taxonomy import TASKS
from classifier.types import ModelInfo
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
and Portuguese; nine heads over its mean-pooled output were trained together with it, each loss masked where a message
has no label. Weights are stored in 8 bits. Real messages from complaint sites, regulators, app stores, shops, hotels,
clinics and social networks were used for training; no text of theirs is part of the model's files.

## Limits

European Portuguese, e-mail and chat styles and rare labels (conduct, improvement and altruism as main motives) are
thinly covered by real messages. Text in other languages is not classified but flagged for review.
"""


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
