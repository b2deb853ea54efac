"""The sentences that carry a decision, found by leaving each out.

This is occlusion (Li, Monroe & Jurafsky, "Understanding Neural Networks through Representation Erasure", 2016).

The sentence whose absence lowers a label's probability most is its evidence. Absent it is from the network's upper
layers, and from the n-grams: the lower layers read the whole text once, which costs a fraction of reading it again for
each sentence. How often it is also the one whose deletion from the text costs most: ``training.faithfulness``,
``docs/adr/0006-evidence-by-leaving-out.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from classifier.quoting import has_words, is_civility, own_spans
from classifier.spacy_import import import_spacy
from classifier.taxonomy import JUSTICE, MOTIVE, SEVERITY
from classifier.types import Classification, Evidence

if TYPE_CHECKING:
    from spacy.language import Language

MAX_SENTENCES = 24
"""Of a text with more sentences, neighbours are joined: cost stays bounded."""

LEAST_DROP = 1e-4
"""What a sentence must carry of a probability to be evidence: decisions are rounded to as much."""

EXPLAINED = (SEVERITY, MOTIVE, JUSTICE)

_ZONE = Lock()
"""A vocabulary has one memory zone at a time: two threads would free each other's words."""

_LUMP = re.compile(r"\S{100,}")
"""Signs and letters without a space, longer than any word."""

Probabilities = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Span:
    """Code points ``start`` to ``end`` (exclusive) of a text."""

    start: int
    end: int


def explain(
    text: str, classification: Classification, without: Callable[[Sequence[str]], Sequence[Probabilities]]
) -> tuple[Evidence, ...]:
    """Return the evidence for severity, motive and justice of a complaint: the strongest sentence for each label.

    ``without`` gives the calibrated probabilities of the text shortened in several ways, by task and label.
    """
    if classification.severity is None:
        return ()
    spans = sentences(text, classification.language or "es")
    left = without([_without(text, span) for span in spans]) if len(spans) > 1 else []
    result = []
    for task_id, label, probability in _labels(classification):
        span = spans[0]
        if left:
            drops = [probability - probabilities[task_id][label] for probabilities in left]
            best = max(range(len(drops)), key=drops.__getitem__)
            if drops[best] < LEAST_DROP:
                continue
            span = spans[best]
        result.append(Evidence(task_id, label, span.start, span.end, text[span.start : span.end]))
    return tuple(result)


def sentences(text: str, language: str) -> tuple[Span, ...]:
    """Split what the sender wrote into sentences that say something; together they are at most ``MAX_SENTENCES``.

    Lines without words, greetings, thanks and farewells say nothing, unless there is nothing else.
    """
    spans: list[Span] = []
    pipeline = _pipeline(language)
    with _ZONE, pipeline.memory_zone():  # no word of the text is remembered
        for sentence in pipeline(_LUMP.sub(_smoothed, text)).sents:
            spans += _lines(text, sentence.start_char, sentence.end_char)
    own = own_spans(text)
    spans = [span for span in spans if any(a <= span.start and span.end <= b for a, b in own)]
    telling = [span for span in spans if not is_civility(text[span.start : span.end])]
    return _join(telling or spans, text)


def _smoothed(lump: re.Match[str]) -> str:
    """Return as many letters, and what it ends with: spaCy's time grows with the square of a lump's signs."""
    return "x" * (len(lump[0]) - 1) + lump[0][-1]


def _without(text: str, span: Span) -> str:
    """Return what the sender wrote but for one span."""
    cut = [(text[a : max(a, min(b, span.start))], text[min(b, max(a, span.end)) : b]) for a, b in own_spans(text)]
    return "\n".join(f"{before} {after}" for before, after in cut)


def _lines(text: str, start: int, end: int) -> list[Span]:
    """Split a sentence at its line breaks, without the white space around; lines without words are left out."""
    result = []
    for line in text[start:end].splitlines(keepends=True):
        body = line.strip()
        if has_words(body):
            offset = start + line.index(body)
            result.append(Span(offset, offset + len(body)))
        start += len(line)
    return result


def _join(spans: Sequence[Span], text: str) -> tuple[Span, ...]:
    """Join neighbours until few enough are left; a text without any is one span."""
    if not spans:
        return (Span(0, len(text)),)
    size = -(-len(spans) // MAX_SENTENCES)
    groups = [spans[i : i + size] for i in range(0, len(spans), size)]
    return tuple(Span(group[0].start, group[-1].end) for group in groups)


def _labels(classification: Classification) -> list[tuple[str, str, float]]:
    """List the labels to explain, with their probabilities."""
    result = []
    for task in EXPLAINED:
        decision = getattr(classification, task.id)
        labels = decision.labels if hasattr(decision, "labels") else (decision.label,)
        result += [(task.id, label, decision.probabilities[label]) for label in labels]
    return result


@cache
def _pipeline(language: str) -> Language:
    """Return a blank spaCy pipeline that only splits sentences."""
    import_spacy()
    import spacy

    pipeline = spacy.blank(language if language in ("es", "pt") else "es")
    pipeline.add_pipe("sentencizer")
    return pipeline
