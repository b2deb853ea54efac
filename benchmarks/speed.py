"""Texts a second and latency: the shipped engine, and the same network in transformers.

How many texts a turn has follows from a first timing, so that the section takes some eight minutes on any machine: a
slow contestant gets fewer, with the same mix of lengths.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch

from benchmarks.report import ROUNDS, Figure, in_turns, ratios
from benchmarks.texts import messages as sample
from benchmarks.texts import of_length, part
from classifier import ComplaintClassifier
from classifier.artifact import find_model
from classifier.cascade import Effort
from classifier.engine import Precision
from classifier.facts import extract_facts
from classifier.neutral import neutral
from classifier.preprocessing import preprocess
from classifier.redaction import find_personal_data
from classifier.tokenization import batches
from training.modeling import ComplaintModel
from training.released import released_network

_COUNT: Final = 512
_LEAST: Final = 32
"""Texts a turn, at most and at least."""
_ONES: Final = 40
_LEAST_ONES: Final = 5
"""Single texts a turn, at most and at least."""
_SECONDS: Final = 240.0
_SECONDS_OF_ONES: Final = 100.0
"""What all turns together may take, those of many texts and those of single ones."""

Run = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant: texts a second, and the median of one text of about 60 tokens in milliseconds.

    ``times_quicker`` is eager's median by this one. ``texts`` is how many a turn had. ``small`` is the share that the
    small network answered, ``None`` where it is not asked. ``share_of_peak`` is how much of what the machine's
    processors can multiply and add in single precision goes into the network's products, paddings left out; half
    precision and integers may pass 1. ``None`` where another network does a part of the work.
    """

    name: str
    texts_per_second: Figure
    times_eager: Figure
    p50_ms: Figure
    times_quicker: Figure
    texts: int
    small: float | None
    share_of_peak: float | None


def measure() -> list[Row]:
    """Time every contestant on the same texts and threads."""
    shipped = ComplaintClassifier.from_pretrained()
    network, _ = released_network(find_model())
    texts, ones = sample(_COUNT, shipped.encoder), of_length(60, _ONES, shipped.encoder)
    torch.set_num_threads(shipped.engine.threads)
    contestants = _contestants(shipped, network.eval())
    turns = {name: _part(run, texts, shipped, len(contestants)) for name, run in contestants.items()}
    single = {name: ones[: _count_of_ones(run, ones, len(contestants))] for name, run in contestants.items()}
    rates = in_turns({name: partial(_rate, run, turns[name]) for name, run in contestants.items()})
    waits = in_turns({name: partial(_p50_ms, run, single[name]) for name, run in contestants.items()})
    eager, eager_waits = next(iter(rates.values())), next(iter(waits.values()))
    each = _products(shipped, network, texts) / _peak(shipped.engine.threads)
    small = _small_share(shipped, texts)
    return [
        Row(
            name,
            found := Figure.of(rates[name]),
            ratios(rates[name], eager),
            Figure.of(waits[name]),
            ratios(eager_waits, waits[name]),
            len(turns[name]),
            small if "--fast" in name else None,
            None if "fast" in name or "small" in name else found.value * each,
        )
        for name in contestants
    ]


def _contestants(shipped: ComplaintClassifier, network: ComplaintModel) -> dict[str, Run]:
    """Return what is timed, the reference first."""
    found: dict[str, Run] = {
        "transformers eager fp32 (logits)": _transformers(shipped, network, bfloat16=False),
        "transformers eager bf16 (logits)": _transformers(shipped, network, bfloat16=True),
    }
    for precision in (Precision.F32, Precision.BF16, Precision.INT8):
        chosen = " = auto" if precision is shipped.engine.precision else ""
        classifier = ComplaintClassifier.from_pretrained(precision=precision)
        found[f"recupera {precision}{chosen} (logits)"] = classifier.logits
    found["recupera predict, facts off"] = partial(shipped.predict, facts=False)
    found["recupera predict"] = shipped.predict
    found["recupera predict with evidence"] = partial(shipped.predict, evidence=True)
    if shipped.cascade is not None:
        fast = partial(shipped.predict, effort=Effort.FAST)
        found["small network (logits)"] = shipped.cascade.small.logits
        found["recupera predict --fast, facts off"] = partial(fast, facts=False)
        found["recupera predict --fast"] = fast
        found["recupera predict --fast with evidence"] = partial(fast, evidence=True)
    return found


def _part(run: Run, texts: Sequence[str], shipped: ComplaintClassifier, contestants: int) -> list[str]:
    """Return as many of the texts as this contestant can do in the time of a turn, from a first timing."""
    few = part(texts, _LEAST, shipped.encoder)
    run(few)  # what is prepared once is prepared now
    return part(texts, fitting(_rate(run, few), _SECONDS, contestants, least=_LEAST, most=_COUNT), shipped.encoder)


def _count_of_ones(run: Run, ones: Sequence[str], contestants: int) -> int:
    """Return how many single texts this contestant can do in the time of a turn."""
    run(ones[:1])
    rate = 1000 / _p50_ms(run, ones[:_LEAST_ONES])
    return fitting(rate, _SECONDS_OF_ONES, contestants, least=_LEAST_ONES, most=_ONES)


def fitting(rate: float, seconds: float, contestants: int, *, least: int, most: int) -> int:
    """Return how many texts at ``rate`` a second fit into a turn, where all turns of all have ``seconds``."""
    return max(least, min(most, round(rate * seconds / (ROUNDS * contestants))))


def _small_share(shipped: ComplaintClassifier, texts: Sequence[str]) -> float:
    """Return the share of the texts that the small network answers in haste."""
    found = shipped.predict(texts, facts=False, effort=Effort.FAST)
    return sum(result.model != shipped.model for result in found) / len(found)


def _products(shipped: ComplaintClassifier, network: ComplaintModel, texts: Sequence[str]) -> float:
    """Return the multiplications and additions that the network needs for a text, on average."""
    config = network.encoder.config
    layers, width, inner = config.num_hidden_layers, config.hidden_size, config.intermediate_size
    matrices = layers * (4 * width * width + 2 * width * inner)
    lengths = [len(row) for row in shipped.encoder.encode([neutral(preprocess(text)) for text in texts])]
    return sum(2 * n * matrices + 4 * layers * width * n * n for n in lengths) / len(lengths)


def _peak(threads: int) -> float:
    """Return how much the machine multiplies and adds a second in single precision: the best of large products."""
    torch.set_num_threads(threads)
    size, best = 2048, 0.0
    left, right = torch.randn(size, size), torch.randn(size, size)
    for _ in range(10):
        start = time.perf_counter()
        torch.mm(left, right)
        best = max(best, 2 * size**3 / (time.perf_counter() - start))
    return best


def around() -> list[tuple[str, float]]:
    """Return what the steps beside the network take for a message of about 60 tokens, in microseconds, the median."""
    texts = of_length(60, 60, ComplaintClassifier.from_pretrained().encoder)
    steps: dict[str, Callable[[str], object]] = {
        "preprocessing": preprocess,
        "neutral reading": neutral,
        "facts": lambda text: extract_facts(text, "es"),
        "personal data": find_personal_data,
    }
    found = []
    for name, step in steps.items():
        step(texts[0])  # what is read once is read now
        found.append((name, 1000 * _p50_ms(lambda given, step=step: step(given[0]), texts)))
    return found


def _rate(run: Run, texts: Sequence[str]) -> float:
    """Return texts a second."""
    start = time.perf_counter()
    run(texts)
    return len(texts) / (time.perf_counter() - start)


def _p50_ms(run: Run, ones: Sequence[str]) -> float:
    """Return the median of single texts, in milliseconds."""
    latencies = []
    for text in ones:
        start = time.perf_counter()
        run([text])
        latencies.append(time.perf_counter() - start)
    return statistics.median(latencies) * 1000


def _transformers(shipped: ComplaintClassifier, network: ComplaintModel, *, bfloat16: bool) -> Run:
    """Return the shipped network, its weights and heads, in transformers, eager, fed with the very same batches."""

    def run(texts: Sequence[str]) -> None:
        rows = shipped.encoder.encode([neutral(preprocess(text)) for text in texts])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            for batch in batches(rows, pad_id=shipped.encoder.pad_id, max_tokens=512, budget=1024):
                network(torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask))

    return run
