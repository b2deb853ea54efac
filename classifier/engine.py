"""Token ids to logits, by OpenVINO on the processor that is there, in two parts: the lower layers, and what is above.

The weights are stored with 8 bits each, a scale per row. ``Precision.AUTO`` takes what was fastest at the same task
scores (``docs/adr/0004-inference-engine.md``): bf16 where the processor multiplies matrices of it (AMX), else 8-bit
arithmetic where it has instructions for that, else 32-bit floats.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import openvino as ov
from openvino.op import Parameter

from classifier.tokenization import Batch, Ids

Logits = npt.NDArray[np.float32]
States = npt.NDArray[np.float32]

_GROUP = 64
"""Activations that share one scale in 8-bit arithmetic."""

_UPPER: Final = 6
"""One layer in so many, and one at least, is in the upper part."""


class Precision(StrEnum):
    """Arithmetic of the matrix products."""

    AUTO = "auto"
    F32 = "f32"
    BF16 = "bf16"
    INT8 = "int8"


class Engine:
    """A compiled network. Safe to share between threads: one batch is computed at a time, on all its threads."""

    def __init__(
        self, graph: Path, weights: Path, *, precision: Precision = Precision.AUTO, threads: int | None = None
    ) -> None:
        """Compile the network.

        ``threads`` defaults to ``OMP_NUM_THREADS``, else the processors that this process may use.
        """
        self.precision = best_precision() if precision is Precision.AUTO else precision
        self.threads = threads or available_threads()
        core = ov.Core()
        network = core.read_model(graph, weights)
        if self.precision is Precision.BF16:
            _expand(network)
        self._lower, self._upper = (
            core.compile_model(part, "CPU", self._settings()).create_infer_request() for part in _parts(network)
        )
        self._lock = Lock()

    def logits(self, batch: Batch) -> Logits:
        """Return the logits of one padded batch, (rows, sum of the tasks' widths)."""
        with self._lock:
            return self._finish(self._begin(batch), batch.attention_mask)

    def read(self, batch: Batch) -> tuple[Logits, States]:
        """Return also what the lower part makes of the tokens, (rows, tokens, hidden)."""
        with self._lock:
            states = self._begin(batch)
            return self._finish(states, batch.attention_mask), np.array(states)

    def read_again(self, states: States, masks: Ids) -> Logits:
        """Return the logits of one text, (rows, sum of the tasks' widths), each time without some of its tokens.

        ``states`` (tokens, hidden) are those of the whole text, so the lower part has seen all of it; ``masks``
        (rows, tokens) are 0 for the tokens that the upper part does not see.
        """
        with self._lock:
            return self._finish(np.repeat(states[None], len(masks), axis=0), masks)

    def _begin(self, batch: Batch) -> States:
        """Return the lower part's states, in memory that the next batch will use."""
        states: States = self._lower.infer([batch.input_ids, batch.attention_mask], share_inputs=True)[0]
        return states

    def _finish(self, states: States, mask: Ids) -> Logits:
        return np.array(self._upper.infer([states, mask], share_inputs=True)[0], dtype=np.float32)

    def _settings(self) -> dict[str, str | int]:
        """Return OpenVINO's properties for the precision and the threads."""
        precision = Precision.BF16 if self.precision is Precision.BF16 else Precision.F32
        return {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self.threads,
            "INFERENCE_PRECISION_HINT": precision.value,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP if self.precision is Precision.INT8 else 0,
        }


def available_threads() -> int:
    """Return how many threads this process should use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def best_precision() -> Precision:
    """Return the fastest arithmetic of this processor that keeps the task scores."""
    flags = _processor_flags()
    if "amx_bf16" in flags:
        return Precision.BF16
    if flags & {"avx512_vnni", "avx_vnni", "asimddp"}:
        return Precision.INT8
    return Precision.F32


def _processor_flags() -> frozenset[str]:
    """Return the processor's feature names as Linux lists them; on Apple silicon what all of it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset({"asimddp"}) if platform.machine() == "arm64" else frozenset()
    for line in lines:
        if line.lower().startswith(("flags", "features")):
            return frozenset(line.partition(":")[2].split())
    return frozenset()


def _parts(network: ov.Model) -> Iterator[ov.Model]:
    """Yield the layers below and what is above; ``network`` is used up, so compile the first before the second."""
    below = _last_below(network)
    inputs = {each.get_friendly_name(): each for each in network.get_parameters()}
    yield ov.Model([below], [inputs["input_ids"], inputs["attention_mask"]], "lower")
    states = Parameter(ov.Type.f32, below.get_partial_shape())
    below.replace(states.output(0))
    yield ov.Model([network.output(0).get_node().input_value(0)], [states, inputs["attention_mask"]], "upper")


def _last_below(network: ov.Model) -> ov.Output:
    """Return the states after the last lower layer: each layer ends with its second norm, after that of the words."""
    norms = [each for each in network.get_ordered_ops() if each.get_type_name() == "MVN"]
    layers = len(norms) // 2
    scaled = _only_user(norms[2 * (layers - max(1, round(layers / _UPPER)))])
    return _only_user(scaled).output(0)


def _only_user(node: ov.Node) -> ov.Node:
    (user,) = node.output(0).get_target_inputs()
    return user.get_node()


def _expand(network: ov.Model) -> None:
    """Turn the 8-bit weights of the products into floats: in bf16 mixed products answer a batch unlike single texts."""
    for product in network.get_ordered_ops():
        if product.get_type_name() != "MatMul":
            continue
        weights = product.input_value(1).get_node()
        while weights.get_type_name() == "Convert":
            weights = weights.input_value(0).get_node()
        if weights.get_type_name() == "Multiply":
            stored, scale = (_constant(weights.input_value(place).get_node()) for place in (0, 1))
            expanded = ov.op.Constant(stored.astype(np.float32) * scale.astype(np.float32))
            product.input(1).replace_source_output(expanded.output(0))


def _constant(node: ov.Node) -> npt.NDArray[Any]:
    """Return a constant, stored in whatever type."""
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    values: npt.NDArray[Any] = node.data
    return values
