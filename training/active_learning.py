"""Which messages to label next: those that the model is unsure of, and that differ from each other.

Uncertainty is the entropy of the calibrated probabilities, averaged over the tasks; what is asked of complaints alone
counts as far as the message is likely to be one. Diversity is k-means++ sampling over vectors as long as the message
is uncertain, after BADGE (Ash et al., "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds", ICLR
2020); the vectors hold what the text says (latent semantic analysis of its words) and what the model answers. It
samples from the most uncertain messages, ten for each that is wanted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import entr
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from classifier.calibration import Floats
from classifier.errors import InputError
from classifier.preprocessing import preprocess
from classifier.quoting import has_words
from classifier.records import Record
from classifier.taxonomy import COMPLAINT, LANGUAGES, TASKS, Task, TaskKind
from training.messages import Answers, labels_of, language_of
from training.review_file import ReviewRow

NEAR: Final = 0.8
"""Cosine of the words and word pairs of two texts from which one says nothing new beside the other."""

Bools = npt.NDArray[np.bool_]

_UNSURE_A_PICK: Final = 10
"""The most uncertain messages for each pick, after Zhdanov, "Diverse mini-batch Active Learning", 2019."""

_TOPICS: Final = 64
_FEATURES: Final = 2**18
_ROWS_AT_ONCE: Final = 512
_DIGITS: Final = re.compile(r"\d+")
_UNSURE_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that could be labelled."""

    id: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates, the words of each as a sparse row of length 1, and why other messages were left out."""

    candidates: list[Candidate]
    words: Any
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class Selection:
    """Places of the chosen candidates in the pool, in order of choice, and the uncertainty of all the pool."""

    chosen: list[int]
    uncertainty: Floats
    by_task: Mapping[str, Floats]


def parse_shares(value: str) -> dict[str, float]:
    """Read ``es,pt``, ``pt`` or ``es=3,pt=1``: the languages to choose from, and in which proportion."""
    shares = {}
    for part in value.split(","):
        language, _, share = part.strip().partition("=")
        try:
            shares[language.lower()] = float(share) if share else 1.0
        except ValueError:
            raise InputError(f"--languages {value}: {share!r} is no number; write for example es=3,pt=1") from None
    if not set(shares) <= set(LANGUAGES) or not all(0 < share < float("inf") for share in shares.values()):
        raise InputError(f"--languages {value}: must be of {', '.join(LANGUAGES)}, with shares above 0: es=3,pt=1")
    return shares


def make_pool(records: Sequence[Record], languages: Sequence[str], labelled: Sequence[str] = ()) -> Pool:
    """Keep the messages of ``languages`` that have words and are no repetition of a message before, or a labelled one.

    ``labelled`` are texts that have labels already; those near to one of them are left out too.
    """
    left_out: Counter[str] = Counter()
    candidates: list[Candidate] = []
    seen = {_normal(text) for text in labelled}
    for record in records:
        language, normal = language_of(record), _normal(record.text)
        if language is None or not has_words(record.text):
            left_out["no words"] += 1
        elif language not in languages:
            left_out["another language"] += 1
        elif normal in seen:
            left_out["repeated or labelled already"] += 1
        else:
            seen.add(normal)
            candidates.append(Candidate(record.id, record.text, language))
    words = _words([_normal(c.text) for c in candidates])
    if labelled and candidates:
        fresh = np.flatnonzero(_nearest(words, _words([_normal(text) for text in labelled])) < NEAR)
        left_out["near to a labelled one"] += len(candidates) - len(fresh)
        candidates, words = [candidates[i] for i in fresh], words[fresh]
    return Pool(candidates, words, {reason: count for reason, count in left_out.items() if count})


def _normal(text: str) -> str:
    """Return what two texts share that differ in case and numbers only."""
    return _DIGITS.sub("0", preprocess(text).casefold())


def _words(texts: Sequence[str]) -> Any:
    """Return words and word pairs as sparse rows of length 1."""
    hashing = HashingVectorizer(
        n_features=_FEATURES,
        ngram_range=(1, 2),
        token_pattern=r"\w+",  # noqa: S106 - of words, no password
        strip_accents="unicode",
        alternate_sign=False,
    )
    return hashing.transform(texts) if texts else hashing.transform([""])[:0]


def _nearest(words: Any, others: Any) -> Floats:
    """Return the highest cosine of each row of ``words`` with a row of ``others``."""
    transposed = others.T.tocsc()
    parts = [
        (words[start : start + _ROWS_AT_ONCE] @ transposed).max(axis=1).toarray().ravel()
        for start in range(0, words.shape[0], _ROWS_AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def uncertainty(probabilities: Mapping[str, Floats], tasks: Sequence[Task] = TASKS) -> tuple[Floats, dict[str, Floats]]:
    """Return the uncertainty of each message, 0 to 1: over ``tasks``, and by task."""
    complaint = probabilities[COMPLAINT.id][:, 0]
    by_task = {}
    for task in tasks:
        entropy = _entropy(task, probabilities[task.id])
        by_task[task.id] = entropy * complaint if task.complaints_only else entropy
    return np.mean(list(by_task.values()), axis=0), by_task


def _entropy(task: Task, p: Floats) -> Floats:
    """Return the entropy of each row in parts of the highest possible; of several labels the mean of each one's."""
    if task.kind in (TaskKind.FLAG, TaskKind.MULTI):
        result: Floats = (entr(p) + entr(1 - p)).mean(axis=1) / np.log(2)
    else:
        result = entr(p).sum(axis=1) / np.log(task.width)
    return result


def select(
    pool: Pool,
    answers: Answers,
    count: int,
    shares: Mapping[str, float],
    *,
    tasks: Sequence[Task] = TASKS,
    seed: int = 1,
) -> Selection:
    """Choose up to ``count`` messages in the proportion of ``shares``; what one language lacks, another gives."""
    total, by_task = uncertainty(answers.probabilities, tasks)
    vectors = _vectors(pool, answers) * total[:, None]
    rows = {name: np.flatnonzero([c.language == name for c in pool.candidates]) for name in shares}
    order = {}
    for name, mine in rows.items():
        sure = np.argsort(np.argsort(-total[mine], kind="stable")) >= count * _UNSURE_A_PICK
        picks = _spread(vectors[mine], pool.words[mine], count, sure, np.random.default_rng(seed))
        order[name] = [int(mine[i]) for i in picks]
    quota = quotas(count, shares, {name: len(found) for name, found in order.items()})
    return Selection([i for name in order for i in order[name][: quota[name]]], total, by_task)


def quotas(count: int, shares: Mapping[str, float], there: Mapping[str, int]) -> dict[str, int]:
    """Share ``count`` out, one after the other, to the language that is furthest behind its share and has some left."""
    given = dict.fromkeys(shares, 0)
    for _ in range(min(count, sum(there.values()))):
        open_ones = [name for name in shares if given[name] < there[name]]
        behind = min(open_ones, key=lambda name: (given[name] + 0.5) / shares[name])
        given[behind] += 1
    return given


def _vectors(pool: Pool, answers: Answers) -> Floats:
    """Return what each text says and what the model answers, half and half."""
    counted = pool.words[:, np.unique(pool.words.indices)]  # few texts have few of all the columns
    answered = normalize(np.hstack([answers.probabilities[task.id] for task in TASKS]))
    topics = min(_TOPICS, min(counted.shape) - 1)
    if topics < 1:
        return np.asarray(answered, dtype=np.float64)
    weights = np.log((1 + counted.shape[0]) / (1 + counted.getnnz(axis=0)))  # words that are everywhere say little
    said = TruncatedSVD(topics, random_state=0).fit_transform(counted.multiply(weights[None, :]).tocsr())
    return np.hstack([normalize(said), answered])


def _spread(vectors: Floats, words: Any, count: int, later: Bools, chance: np.random.Generator) -> list[int]:
    """Sample ``count`` rows by the square of their distance to those taken (Arthur & Vassilvitskii, 2007).

    The longest vector comes first, those of ``later`` where nothing else is left. Rows whose words are near to those
    of a taken one are passed over.
    """
    free, later = ~later, later.copy()
    distance = (vectors**2).sum(axis=1)
    taken: list[int] = []
    while len(taken) < count and (free.any() or later.any()):
        if not free.any():
            free, later = later, np.zeros_like(later)
        weight = np.where(free, distance, 0.0)
        if not taken or weight.sum() <= 0:
            pick = int(np.argmax(np.where(free, distance, -1.0)))
        else:
            pick = int(chance.choice(len(weight), p=weight / weight.sum()))
        fresh = ((vectors - vectors[pick]) ** 2).sum(axis=1)
        distance = fresh if not taken else np.minimum(distance, fresh)
        unlike = words @ words[pick].toarray().ravel() < NEAR
        unlike[pick] = False
        free, later = free & unlike, later & unlike
        taken.append(pick)
    return taken


def review_rows(pool: Pool, answers: Answers, selection: Selection, source: str) -> list[ReviewRow]:
    """Return the rows of a review file, prefilled with the model's answers and naming what it is unsure of."""
    rows = []
    for i in selection.chosen:
        unsure = sorted(selection.by_task, key=lambda name: -selection.by_task[name][i])[:_UNSURE_SHOWN]
        why = "unsure of " + ", ".join(f"{name} {selection.by_task[name][i]:.2f}" for name in unsure)
        candidate, labels = pool.candidates[i], labels_of(answers.decide(i))
        rows.append(ReviewRow(candidate.id, candidate.text, candidate.language, labels, source, why))
    return rows
