"""A network to go on from: the encoder and heads of a model directory, as torch has them.

A model directory holds no torch checkpoint: its weights lie in 8 bits, with a scale a row, in OpenVINO's file. They
are read from there in the order in which the network uses them. Rounding costs nothing that training does not mend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openvino as ov
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from classifier.artifact import FILES, Artifact
from classifier.engine import Engine, Precision
from classifier.errors import InputError
from classifier.tokenization import TokenEncoder, batches
from training.modeling import ComplaintModel
from training.trainer import predict

_Floats = npt.NDArray[np.float32]

_PROBE = ("Llevo tres semanas sin mi dinero.", "Ninguém respondeu, e a encomenda nunca chegou!")
_TOLERANCE = 0.02
_AFFINE = re.compile(r"(linear|native_layer_norm)\w*/")
_TABLES = ("word_embeddings", "token_type_embeddings", "position_embeddings")
_LAYER = (
    *(f"attention.self.{part}" for part in ("query", "key", "value")),
    *(f"attention.output.{part}" for part in ("dense", "LayerNorm")),
    *("intermediate.dense", "output.dense", "output.LayerNorm"),
)


def is_model(path: Path) -> bool:
    """Tell whether ``path`` is a model directory of Recupera."""
    return (path / FILES.graph).is_file()


def released_network(path: Path, *, dropout: float = 0.1) -> tuple[ComplaintModel, Tokenizer]:
    """Return the network of a model directory and its tokenizer.

    Raise an ``ArtifactError`` if it is damaged, and ``InputError`` if the weights in it don't make up a network that
    answers as the directory's own engine does.
    """
    artifact = Artifact.load(path)
    graph = ov.Core().read_model(artifact.path / FILES.graph, artifact.path / FILES.weights)
    matrices, vectors = list(_matrices(graph)), list(_vectors(graph))
    tokens = TokenEncoder.from_file(artifact.path / FILES.tokenizer, max_tokens=artifact.max_tokens)
    model = _empty(graph, matrices, pad=tokens.pad_id, dropout=dropout)
    try:
        _fill(model, matrices, vectors)
    except ValueError as error:
        raise InputError(f"{path}: no network that training can go on from: {error}") from None
    if (off := _difference(model, tokens, artifact)) > _TOLERANCE:
        raise InputError(f"{path}: the network that was read answers otherwise than its engine (by {off:.3f})")
    return model.train(), tokens.tokenizer


def _difference(model: ComplaintModel, tokens: TokenEncoder, artifact: Artifact) -> float:
    """Return how far the logits of the network are from those of the engine in full precision."""
    engine = Engine(artifact.path / FILES.graph, artifact.path / FILES.weights, precision=Precision.F32)
    rows = tokens.encode(_PROBE)
    wanted = np.zeros((len(rows), sum(model.widths)), dtype=np.float32)
    for batch in batches(rows, pad_id=tokens.pad_id, max_tokens=tokens.max_tokens, budget=512):
        wanted[list(batch.positions)] = engine.logits(batch)
    return float(np.abs(predict(model, rows, pad_id=tokens.pad_id, max_tokens=tokens.max_tokens) - wanted).max())


def _matrices(graph: ov.Model) -> Iterator[_Floats]:
    """Yield the matrices in the order of use, each row times its scale."""
    constants = {op.get_friendly_name(): op for op in graph.get_ordered_ops() if op.get_type_name() == "Constant"}
    for name, op in constants.items():
        if f"{name}/scale" in constants:
            yield op.data.astype(np.float32) * constants[f"{name}/scale"].data.astype(np.float32)


def _vectors(graph: ov.Model) -> Iterator[_Floats]:
    """Yield biases and norms in the order of use."""
    for op in graph.get_ordered_ops():
        if op.get_type_name() == "Constant" and op.output(0).element_type in (ov.Type.f32, ov.Type.f16):
            users = [each.get_node() for each in op.output(0).get_target_inputs()]
            while users and users[0].get_type_name() == "Convert":
                users = [each.get_node() for each in users[0].output(0).get_target_inputs()]
            if (
                users
                and users[0].get_type_name() in ("Add", "Multiply")
                and _AFFINE.match(users[0].get_friendly_name())
            ):
                yield op.data.astype(np.float32).reshape(-1)


def _empty(graph: ov.Model, matrices: list[_Floats], *, pad: int, dropout: float) -> ComplaintModel:
    """Return a network of the sizes that the matrices have."""
    (words, hidden), (kinds, _), (positions, _) = (each.shape for each in matrices[:3])
    inner = next(len(each) for each in matrices[3:] if each.shape[1] == hidden and len(each) > hidden)
    layers = sum(each.shape == (hidden, inner) for each in matrices)
    size = _head_size(graph)
    config = BertConfig(
        vocab_size=words,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // size,
        intermediate_size=inner,
        max_position_embeddings=positions,
        type_vocab_size=kinds,
        pad_token_id=pad,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    encoder = BertModel(config, add_pooling_layer=False)
    encoder.set_attn_implementation("eager")
    return ComplaintModel(encoder, dropout=dropout)


def _head_size(graph: ov.Model) -> int:
    """Return the size of an attention head, from how the first queries are laid out."""
    for op in graph.get_ordered_ops():
        if op.get_type_name() == "Reshape" and op.get_output_partial_shape(0).rank.get_length() == 4:
            return int(op.get_output_partial_shape(0)[3].get_length())
    raise InputError("no attention was found in the network's graph")


def _fill(model: ComplaintModel, matrices: list[_Floats], vectors: list[_Floats]) -> None:
    """Copy the weights into the network; raise ``ValueError`` if there are more, fewer, or of other shapes."""
    weights, flat = _names(model)
    if len(matrices) == len(weights) - 1:  # of a release with a plain mean
        weights.remove("queries")
    state = model.state_dict()
    for names, values in ((weights, matrices), (flat, vectors)):
        for name, value in zip(names, values, strict=True):
            if tuple(state[name].shape) != value.shape:
                raise ValueError(f"{name} is of shape {value.shape}, not {tuple(state[name].shape)}")
            state[name] = torch.from_numpy(value)
    model.load_state_dict(state)


def _names(model: ComplaintModel) -> tuple[list[str], list[str]]:
    """Return the names of the matrices, and of biases and norms, in the order in which the network uses them."""
    known = model.state_dict()
    blocks = ["encoder.embeddings.LayerNorm"]
    for layer in range(model.encoder.config.num_hidden_layers):
        blocks += [f"encoder.encoder.layer.{layer}.{part}" for part in _LAYER]
    blocks += sorted({name.rpartition(".")[0] for name in known if name.startswith("heads.")}, key=_in_order)
    weights = [f"encoder.embeddings.{table}.weight" for table in _TABLES]
    flat: list[str] = []
    for block in blocks:
        (flat if block.endswith("LayerNorm") else weights).append(f"{block}.weight")
        flat.append(f"{block}.bias")
    weights.insert(next(i for i, name in enumerate(weights) if name.startswith("heads.")), "queries")
    return weights, flat


def _in_order(name: str) -> list[int]:
    """Order ``heads.10.1`` behind ``heads.2.4``."""
    return [int(part) for part in name.split(".")[1:]]
