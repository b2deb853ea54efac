"""``ComplaintClassifier``: texts in, classifications out.

One way through: check, tell the language, preprocess, encode, compute logits, calibrate, decide; then, where asked
for, the facts and the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from classifier.artifact import FILES, Artifact, find_model
from classifier.calibration import Decision, Floats, confidence
from classifier.cascade import Cascade, Effort, Gate, small_network
from classifier.conformal import check_coverage
from classifier.engine import Engine, Logits, Precision, States
from classifier.evidence import Probabilities, explain
from classifier.facts import extract_facts
from classifier.language import LanguageGuess, identify_language
from classifier.limits import check_length
from classifier.markup import strip_markup
from classifier.neutral import neutral
from classifier.ngrams import NgramModel
from classifier.preprocessing import mended, preprocess
from classifier.quoting import own_words
from classifier.taxonomy import LANGUAGES, TASKS
from classifier.tokenization import Ids, TokenEncoder, batches, kept
from classifier.types import Classification, FlagDecision, ModelInfo, Review

MIN_LANGUAGE_PROBABILITY: Final = 0.8
"""A person should look where the language is less certain than this."""

_BATCH_TOKENS: Final = 1024
_KEPT_CHARACTERS: Final = 50_000
"""States are kept of about this many at a time: some 20 MB."""
_NOT_DECIDED: Final = FlagDecision(None, None)
_NO_STATES: Final[States] = np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class ComplaintClassifier:
    """A model that is ready to classify. Safe to share between threads."""

    artifact: Artifact
    encoder: TokenEncoder
    engine: Engine
    ngrams: NgramModel | None = None
    cascade: Cascade | None = None

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path | None = None,
        *,
        precision: Precision | str = Precision.AUTO,
        threads: int | None = None,
    ) -> Self:
        """Load a model directory: ``path``, else ``RECUPERA_MODEL``, else the shipped one; with its small network.

        Raise an ``ArtifactError`` if it is missing, damaged or made for another taxonomy.
        """
        whole = cls._load(find_model(path), Precision(precision), threads)
        folder = small_network(whole.artifact.path)
        if not (folder / FILES.gate).is_file():
            return whole
        cascade = Cascade(folder, Gate.load(folder), lambda path: cls._load(path, Precision(precision), threads))
        cascade.check(whole.model)
        Artifact.load(folder)  # damage is told now, not in the middle of a rush
        return replace(whole, cascade=cascade)

    @classmethod
    def _load(cls, path: Path, precision: Precision, threads: int | None) -> Self:
        """Load one network."""
        artifact = Artifact.load(path)
        encoder = TokenEncoder.from_file(artifact.path / FILES.tokenizer, max_tokens=artifact.max_tokens)
        graph, weights = artifact.path / FILES.graph, artifact.path / FILES.weights
        engine = Engine(graph, weights, precision=precision, threads=threads)
        wide = artifact.path / FILES.ngrams
        return cls(artifact, encoder, engine, NgramModel.load(wide) if wide.is_file() else None)

    @property
    def model(self) -> ModelInfo:
        """Name, version and taxonomy of the model."""
        return self.artifact.info

    def predict(
        self,
        texts: str | Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        languages: Sequence[str | None] | None = None,
        evidence: bool = False,
        facts: bool = True,
        effort: Effort | str = Effort.FULL,
    ) -> list[Classification]:
        """Classify ``texts``, in their order.

        ``ids`` name the results ("0", "1", … by default); ``languages`` gives the language where it is known
        (``es``, ``pt`` or ``None``). ``evidence`` costs a part of one more pass a sentence. With the ``effort``
        ``fast`` the model's small network answers where it is sure, which ``model`` says; a model without one computes
        all.

        Raise ``TextTooLongError`` for a text over ``MAX_CHARACTERS``, and ``ValueError`` for lists of unequal length
        and for an unknown language or effort.
        """
        texts = [mended(text) for text in ([texts] if isinstance(texts, str) else texts)]
        names = [str(i) for i in range(len(texts))] if ids is None else list(ids)
        known = [None] * len(texts) if languages is None else list(languages)
        _check(texts, names, known)
        guesses = [_language(text, given) for text, given in zip(texts, known, strict=True)]
        results = self._decide(texts, names, guesses, Effort(effort), evidence=evidence)
        if facts:
            results = [_with_facts(result, text) for result, text in zip(results, texts, strict=True)]
        return results

    def prediction_sets(
        self, texts: str | Sequence[str], coverage: float = 0.9, *, each_label: bool = False
    ) -> list[Mapping[str, tuple[str, ...]]]:
        """Return for each text, by task, the labels among which the right one is with probability ``coverage``.

        Guaranteed, without any assumption about the network, as long as the texts and the messages held out when the
        model was made are exchangeable (drawn alike, in any order): the set holds the right label, for a task with
        several labels the main one, of at least that share of messages. This is marginal: it holds over all messages,
        not within each language, sector or label; and of tasks that only complaints have, over complaints. It is
        guaranteed of a model whose sets were scored on messages that chose nothing in it, which is so for
        ``recupera-es-pt`` from 0.3.0 on and for what ``recupera train`` and ``recupera calibrate`` write
        (``training.conformal`` says why, ``docs/quality.md`` what it was on other messages).

        With ``each_label``, the sets of tasks with several labels hold instead each label that can't be ruled out: of
        the messages that have a label, at least that share has it in its set, for every label apart. Such a set may
        be empty; any other holds at least the likeliest label. The levels of an ordered scale are without gaps. Where
        nothing can be ruled out (few held-out messages had the label, or the text is not Spanish or Portuguese),
        every label is in the set. A flag's labels are ``no`` and ``yes``.

        Raise ``ValueError`` unless 0 < ``coverage`` < 1, ``TextTooLongError`` as ``predict`` does, and
        ``IncompatibleModelError`` if the model was made without held-out scores. Method: ``classifier.conformal``.
        """
        check_coverage(coverage)
        texts = [mended(text) for text in ([texts] if isinstance(texts, str) else texts)]
        for text in texts:
            check_length(text)
        found = self.artifact.calibration.prediction_sets(self.logits(texts), coverage, each_label=each_label)
        everything = {task.id: task.label_ids for task in TASKS}
        read = [identify_language(own_words(strip_markup(text))).language in LANGUAGES for text in texts]
        return [sets if known else everything for sets, known in zip(found, read, strict=True)]

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the raw logits of ``texts``, (len(texts), sum of the tasks' widths), whatever their language."""
        return self._read(texts, keep=False)[0]

    def calibrated(self, texts: Sequence[str]) -> dict[str, Floats]:
        """Return calibrated probabilities by task, (len(texts), width) each."""
        return self.artifact.calibration.probabilities(self.logits(texts))

    def _read(self, texts: Sequence[str], *, keep: bool) -> tuple[Logits, list[_Reading]]:
        """Return the logits of texts and, if they are to be kept, how they were read."""
        prepared = [neutral(preprocess(text)) for text in texts]
        whole = self.encoder.encode_whole(prepared)
        states = [_NO_STATES] * len(texts)
        out = np.zeros((len(texts), sum(task.width for task in TASKS)), dtype=np.float32)
        rows = [self.encoder.fit(ids) for ids in whole]
        for batch in batches(
            rows, pad_id=self.encoder.pad_id, max_tokens=self.encoder.max_tokens, budget=_BATCH_TOKENS
        ):
            positions = list(batch.positions)
            if keep:
                out[positions], found = self.engine.read(batch)
                for place, of_text in zip(positions, found, strict=True):
                    states[place] = of_text
            else:
                out[positions] = self.engine.logits(batch)
        if self.ngrams is not None:
            out += self.ngrams.logits(prepared)
        return out, [_Reading(*each) for each in zip(whole, states, strict=True)]

    def _decide(
        self,
        texts: Sequence[str],
        names: Sequence[str],
        guesses: Sequence[LanguageGuess],
        effort: Effort,
        *,
        evidence: bool,
    ) -> list[Classification]:
        """Run a network on what is Spanish or Portuguese, and answer for the rest without it."""
        chosen = [i for i, guess in enumerate(guesses) if guess.language in LANGUAGES]
        results = [_undecided(name, guess, self.model) for name, guess in zip(names, guesses, strict=True)]
        for part in _parts(chosen, texts) if evidence else [chosen]:
            for i, answer in zip(part, self._answers([texts[i] for i in part], effort, keep=evidence), strict=True):
                found = answer.network._classification(names[i], guesses[i], answer.probabilities)
                results[i] = replace(found, evidence=explain(texts[i], found, answer.without)) if evidence else found
        return results

    def _answers(self, texts: Sequence[str], effort: Effort, *, keep: bool) -> list[_Answer]:
        """Return what the small network answers where it is sure and wanted, and what this one answers else."""
        if effort is Effort.FAST and self.cascade is not None:
            small = self.cascade.small
            answers, calibrated = small._own_answers(texts, keep=keep)
            unsure = np.flatnonzero(~self.cascade.gate.sure(small.artifact.calibration, calibrated)).tolist()
            for i, answer in zip(unsure, self._own_answers([texts[i] for i in unsure], keep=keep)[0], strict=True):
                answers[i] = answer
            return answers
        return self._own_answers(texts, keep=keep)[0]

    def _own_answers(self, texts: Sequence[str], *, keep: bool) -> tuple[list[_Answer], dict[str, Floats]]:
        """Return what this network answers, a text at a time and, as calibrated probabilities, a task at a time."""
        logits, readings = self._read(texts, keep=keep)
        calibrated = self.artifact.calibration.probabilities(logits)
        rows = [{task_id: found[i] for task_id, found in calibrated.items()} for i in range(len(texts))]
        return [_Answer(self, row, reading) for row, reading in zip(rows, readings, strict=True)], calibrated

    def _read_again(self, reading: _Reading, shortened: Sequence[str]) -> list[Probabilities]:
        """Return named calibrated probabilities of a text that was shortened by a run of words, in several ways."""
        scored: dict[str, float] = {}
        prepared = [neutral(preprocess(text), scored) for text in shortened]
        masks = np.zeros((len(shortened), len(reading.states)), dtype=np.int64)
        for mask, ids in zip(masks, self.encoder.encode_whole(prepared), strict=True):
            seen = self.encoder.fit(kept(reading.ids, ids))
            mask[: len(seen)] = seen
        size = max(1, _BATCH_TOKENS // masks.shape[1])
        parts = [masks[start : start + size] for start in range(0, len(masks), size)]
        logits = np.concatenate([self.engine.read_again(reading.states, part) for part in parts])
        if self.ngrams is not None:
            logits += self.ngrams.logits(prepared)
        calibrated = self.artifact.calibration.probabilities(logits)
        return [
            {
                task.id: dict(zip(task.label_ids, map(float, calibrated[task.id][row]), strict=True))
                for task in TASKS
                if task.width > 1
            }
            for row in range(len(shortened))
        ]

    def _classification(self, name: str, guess: LanguageGuess, probabilities: dict[str, Floats]) -> Classification:
        """Decide every task of one message, and whether a person should look."""
        calibration = self.artifact.calibration
        decided: dict[str, Decision] = {
            task.id: calibration[task.id].decide(task, probabilities[task.id]) for task in TASKS
        }
        complaint = decided["complaint"]
        if isinstance(complaint, FlagDecision) and not complaint.label:
            decided = {task.id: decided[task.id] for task in TASKS if not task.complaints_only}
        reasons = [
            f"{task_id}: low confidence"
            for task_id, decision in decided.items()
            if confidence(decision) < calibration[task_id].review_below
        ]
        if guess.probability < MIN_LANGUAGE_PROBABILITY:
            reasons.insert(0, "language")
        answers: dict[str, Any] = {task.id: decided.get(task.id) for task in TASKS}
        return Classification(
            id=name,
            language=guess.language,
            language_probability=round(guess.probability, 4),
            review=Review(needed=bool(reasons), reasons=tuple(reasons)),
            model=self.model,
            **answers,
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a network read a text: ids of all its tokens, and what the lower layers made of them, if that was kept.

    ``states`` (padded tokens, hidden) are of the head and the tail of a text that is too long.
    """

    ids: Ids
    states: States


@dataclass(frozen=True, slots=True)
class _Answer:
    """Calibrated probabilities of one text by task, (width,) each, the network that gave them, and how it read it."""

    network: ComplaintClassifier
    probabilities: dict[str, Floats]
    reading: _Reading

    def without(self, shortened: Sequence[str]) -> list[Probabilities]:
        """Return the probabilities of the text shortened by a run of words, in several ways."""
        return self.network._read_again(self.reading, shortened)


def _parts(chosen: Sequence[int], texts: Sequence[str]) -> Iterator[list[int]]:
    """Cut what was chosen of ``texts`` so that what is kept of each part fits into little memory."""
    part: list[int] = []
    characters = 0
    for i in chosen:
        part.append(i)
        characters += len(texts[i])
        if characters >= _KEPT_CHARACTERS:
            yield part
            part, characters = [], 0
    if part:
        yield part


def _check(texts: Sequence[str], names: Sequence[str], languages: Sequence[str | None]) -> None:
    """Raise if the arguments of ``predict`` do not go together."""
    if not len(texts) == len(names) == len(languages):
        raise ValueError(f"{len(texts)} texts, {len(names)} ids and {len(languages)} languages: they must be as many")
    for text in texts:
        check_length(text)
    for language in languages:
        if language is not None and language not in LANGUAGES:
            raise ValueError(f"language {language!r} is not known; it must be of {', '.join(LANGUAGES)} or left out")


def _language(text: str, given: str | None) -> LanguageGuess:
    """Return the language that the caller gave, else the one that the text shows."""
    guess = identify_language(own_words(strip_markup(text)))
    if given is None or guess.language is None:
        return guess
    return LanguageGuess(given, 1.0)  # type: ignore[arg-type]


def _undecided(name: str, guess: LanguageGuess, model: ModelInfo) -> Classification:
    """Answer for a text that is not classified: no words, or neither Spanish nor Portuguese."""
    return Classification(
        id=name,
        language=guess.language,
        language_probability=round(guess.probability, 4),
        complaint=_NOT_DECIDED,
        motive=None,
        severity=None,
        justice=None,
        quality=None,
        touchpoint=None,
        tone=None,
        guarantee=None,
        conduct=None,
        review=Review(needed=True, reasons=("no_text" if guess.language is None else "language",)),
        model=model,
    )


def _with_facts(result: Classification, text: str) -> Classification:
    """Add the facts that the text states, if it was classified."""
    if result.language not in LANGUAGES:
        return result
    return replace(result, facts=extract_facts(text, result.language))
