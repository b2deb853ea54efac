"""Task scores beside peers: trained on the same messages, calibrated and decided in the same way.

The sets that they are measured on are never trained on: a message that is in both, by its text, is left out of the
set. Peers train on what the shipped model's own ``training.toml`` names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import peers
from benchmarks.leads import Comparison, compare
from benchmarks.peers import Logits, Peer, Progress, Recipe
from benchmarks.texts import CORPORA, ROOT
from classifier import Classification, ComplaintClassifier
from classifier.artifact import FILES
from classifier.calibration import Calibration, columns
from classifier.taxonomy import TASKS
from classifier.types import FlagDecision, ModelInfo, Review
from training.calibration import fit_calibration
from training.config import CorpusSection, read_config
from training.corpus import Example, read_messages, read_standoff
from training.pipeline import Places, read_corpora

Watch = Callable[[str], AbstractContextManager[Progress]]
"""Opens a progress bar of the given name."""

_HELD_OUT = CORPORA / "standoff" / "pool-held-out.jsonl"


@dataclass(frozen=True, slots=True)
class Options:
    """What to run: the folder of the messages, the peers, and how many messages of each kind (all by default)."""

    data: Path
    peers: Sequence[str] = peers.NAMES
    subset: int | None = None


@dataclass(slots=True)
class Report:
    """Comparisons by set, the size of each set, minutes and method of each peer by title, and what was left out."""

    model: ModelInfo
    trained: int
    held_out: int
    sizes: dict[str, int] = field(default_factory=dict)
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    minutes: dict[str, float] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def measure(options: Options, watch: Watch) -> Report:
    """Train the peers, and compare the shipped model with them on every set that is there."""
    shipped = ComplaintClassifier.from_pretrained()
    folder = ROOT / "training" / "configs"
    recipe = Recipe(read_config(shipped.artifact.path / FILES.training), folder)
    training, validation = read_corpora(recipe.config, Places(folder, options.data, folder))
    sets, notes = _sets(options, {e.text.casefold() for e in [*training, *validation]})
    notes += _absent(recipe.config.data.corpus, folder, options.data)
    training, validation = _some(training, options.subset), _some(validation, options.subset)
    if options.subset is not None:
        notes.append(f"a trial: peers saw at most {options.subset} messages, the model all of its own")
    contestants, absent = choose_peers(tuple(dict.fromkeys(options.peers)), recipe)
    notes += absent
    report = Report(shipped.model, len(training), len(validation), notes=notes)
    found: dict[str, dict[str, list[Classification]]] = {name: {} for name in sets}
    for peer in contestants:
        started = time.monotonic()
        with watch(peer.title) as progress:
            peer.fit(training, progress)
        calibration = fit_calibration(peer.logits(validation), validation, recipe.config.decisions)
        for name, examples in sets.items():
            found[name][peer.title] = decide(peer.logits(examples), examples, calibration, peer.title)
        report.minutes[peer.title] = (time.monotonic() - started) / 60
        report.methods[peer.title] = peer.method
    for name, examples in sets.items():
        texts, languages = [e.text for e in examples], [e.language for e in examples]
        ours = shipped.predict(texts, languages=languages, facts=False)
        report.sizes[name] = len(examples)
        report.comparisons[name] = compare([e.labels for e in examples], ours, found[name])
    return report


def decide(logits: Logits, examples: Sequence[Example], calibration: Calibration, name: str) -> list[Classification]:
    """Turn a peer's logits into classifications, as the classifier does with its own."""
    where, model = columns(), ModelInfo(name, "1", "1")
    probabilities = {t.id: calibration[t.id].probabilities(t, logits[:, where[t.id]]) for t in TASKS}
    results = []
    for row, example in enumerate(examples):
        decided = {t.id: calibration[t.id].decide(t, probabilities[t.id][row]) for t in TASKS}
        complaint = decided["complaint"]
        is_complaint = isinstance(complaint, FlagDecision) and complaint.label
        answers = {t.id: decided[t.id] if is_complaint or not t.complaints_only else None for t in TASKS}
        fixed = {"language": example.language, "language_probability": 1.0, "review": Review(needed=False)}
        results.append(Classification(id=example.id, model=model, **fixed, **answers))  # type: ignore[arg-type]
    return results


def choose_peers(names: Sequence[str], recipe: Recipe) -> tuple[list[Peer], list[str]]:
    """Return the peers whose packages are there, and what to say of the others."""
    found: list[Peer] = []
    notes = []
    for name in names:
        try:
            found += peers.choose([name], recipe)
        except ImportError as error:
            notes.append(f"peer {name} was left out: {error.name or error} is not installed")
    return found, notes


def _sets(options: Options, trained: set[str]) -> tuple[dict[str, list[Example]], list[str]]:
    """Return the sets that are there, without what was trained on, and what to say of the others."""
    sets, notes = {}, []
    for name, read, missing in _readers(options.data):
        if missing:
            notes.append(f"{name} was skipped: there is no {missing} in {options.data.name or options.data}")
            continue
        examples = read()
        unseen = [e for e in examples if e.text.casefold() not in trained]
        if len(unseen) < len(examples):
            notes.append(f"{name}: {len(examples) - len(unseen)} messages left out, they are among the training ones")
        sets[name] = _some(unseen, options.subset)
    return {name: examples for name, examples in sets.items() if examples}, notes


def readable_sets(data: Path) -> dict[str, list[Example]]:
    """Return the sets of labelled messages that are there, by name."""
    return {name: read() for name, read, missing in _readers(data) if not missing}


def _readers(data: Path) -> list[tuple[str, Callable[[], list[Example]], str | None]]:
    """Return name and reader of each set, and the name of the file that it lacks."""
    dev, pool = data / "dev.jsonl", data / "unlabelled.jsonl.gz"
    return [
        ("dev.jsonl (real)", lambda: read_messages(dev), _lacking(dev)),
        ("pool-held-out.jsonl (real)", lambda: read_standoff(_HELD_OUT, pool), _lacking(pool)),
        ("validation.jsonl (written)", lambda: read_messages(CORPORA / "validation.jsonl"), None),
    ]


def _lacking(path: Path) -> str | None:
    return None if path.is_file() else path.name


def _absent(sections: Sequence[CorpusSection], folder: Path, data: Path) -> list[str]:
    """Say which corpora of the model's training the peers have to do without."""
    names = {name for section in sections for name in (section.path, section.texts) if name}
    absent = sorted(name for name in names if not (folder / name).is_file() and not (data / name).is_file())
    return [f"the peers had no {name}, on which the model was trained" for name in absent]


def _some(examples: Sequence[Example], count: int | None) -> list[Example]:
    """Return ``count`` examples, chosen at random but the same each time, or all."""
    if count is None or count >= len(examples):
        return list(examples)
    return [examples[i] for i in sorted(np.random.default_rng(1).permutation(len(examples))[:count])]
