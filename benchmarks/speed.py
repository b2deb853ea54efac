"""Texts a second and latency: the shipped engine, and the same network in transformers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from benchmarks.report import Figure, in_turns, ratios
from benchmarks.texts import ROOT, of_length
from benchmarks.texts import messages as sample
from classifier import ComplaintClassifier
from classifier.cascade import Effort
from classifier.engine import Precision
from classifier.facts import extract_facts
from classifier.preprocessing import preprocess
from classifier.redaction import find_personal_data
from classifier.tokenization import batches
from training.config import read_config
from training.encoder import load_encoder
from training.modeling import ComplaintModel

_COUNT = 512


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant: texts a second, and the median of one text of about 60 tokens in milliseconds.

    ``share_of_peak`` is how much of what the machine's processors can multiply and add in single precision goes into
    the network's products, paddings left out; half precision and integers may pass 1. ``None`` where another network
    does a part of the work.
    """

    name: str
    texts_per_second: Figure
    times_eager: Figure
    p50_ms: float
    share_of_peak: float | None


def measure() -> list[Row]:
    """Time every contestant on the same texts and threads."""
    shipped = ComplaintClassifier.from_pretrained()
    texts, ones = sample(_COUNT, shipped.encoder), of_length(60, 60, shipped.encoder)
    torch.set_num_threads(shipped.engine.threads)
    contestants: dict[str, Callable[[Sequence[str]], object]] = {
        "transformers eager fp32 (logits)": _transformers(shipped, bfloat16=False),
        "transformers eager bf16 (logits)": _transformers(shipped, bfloat16=True),
    }
    for precision in (Precision.F32, Precision.BF16, Precision.INT8):
        chosen = " = auto" if precision is shipped.engine.precision else ""
        classifier = ComplaintClassifier.from_pretrained(precision=precision)
        contestants[f"recupera {precision}{chosen} (logits)"] = classifier.logits
    contestants["recupera predict, facts off"] = lambda given: shipped.predict(given, facts=False)
    contestants["recupera predict"] = shipped.predict
    contestants["recupera predict with evidence"] = lambda given: shipped.predict(given, evidence=True)
    if shipped.cascade is not None:
        contestants["small network (logits)"] = shipped.cascade.small.logits
        contestants["recupera predict --fast, facts off"] = lambda given: shipped.predict(
            given, facts=False, effort=Effort.FAST
        )
        contestants["recupera predict --fast"] = lambda given: shipped.predict(given, effort=Effort.FAST)
        contestants["recupera predict --fast with evidence"] = lambda given: shipped.predict(
            given, evidence=True, effort=Effort.FAST
        )
    for run in contestants.values():
        run(texts[:32])
    rates = in_turns({name: lambda run=run: _rate(run, texts) for name, run in contestants.items()})
    eager = next(iter(rates.values()))
    each = _products(shipped, texts) / _peak(shipped.engine.threads)
    return [
        Row(
            name,
            found := Figure.of(rates[name]),
            ratios(rates[name], eager),
            _p50_ms(run, ones),
            None if "fast" in name or "small" in name else found.value * each,
        )
        for name, run in contestants.items()
    ]


def _products(shipped: ComplaintClassifier, texts: Sequence[str]) -> float:
    """Return the multiplications and additions that the network needs for a text, on average."""
    config = read_config(ROOT / "training" / "configs" / "recupera-es-pt.toml")
    network, _ = load_encoder(config.encoder, folder=ROOT / "training" / "configs", texts=[])
    layers, width, inner = (
        network.config.num_hidden_layers,
        network.config.hidden_size,
        network.config.intermediate_size,
    )
    matrices = layers * (4 * width * width + 2 * width * inner)
    lengths = [len(row) for row in shipped.encoder.encode([preprocess(text) for text in texts])]
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
        "facts": lambda text: extract_facts(text, "es"),
        "personal data": find_personal_data,
    }
    found = []
    for name, step in steps.items():
        step(texts[0])  # what is read once is read now
        found.append((name, 1000 * _p50_ms(lambda given, step=step: step(given[0]), texts)))
    return found


def _rate(run: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """Return texts a second."""
    start = time.perf_counter()
    run(texts)
    return len(texts) / (time.perf_counter() - start)


def _p50_ms(run: Callable[[Sequence[str]], object], ones: Sequence[str]) -> float:
    """Return the median of single texts, in milliseconds."""
    latencies = []
    for text in ones:
        start = time.perf_counter()
        run([text])
        latencies.append(time.perf_counter() - start)
    return statistics.median(latencies) * 1000


def _transformers(shipped: ComplaintClassifier, *, bfloat16: bool) -> Callable[[Sequence[str]], object]:
    """Return the shipped network in transformers, eager, fed with the very same batches.

    The weights are those of the encoder before fine-tuning: speed does not depend on their values.
    """
    config = read_config(ROOT / "training" / "configs" / "recupera-es-pt.toml")
    network, _ = load_encoder(config.encoder, folder=ROOT / "training" / "configs", texts=[])
    model = ComplaintModel(network).eval()

    def run(texts: Sequence[str]) -> None:
        rows = shipped.encoder.encode([preprocess(text) for text in texts])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            for batch in batches(rows, pad_id=shipped.encoder.pad_id, max_tokens=512, budget=1024):
                model(torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask))

    return run
