"""A trained network to the engine's file: OpenVINO IR, weights in 8 bits with a scale per row."""

from __future__ import annotations

from pathlib import Path

import nncf
import openvino as ov
import torch
from tokenizers import Tokenizer

from classifier.artifact import FILES
from classifier.engine import Engine, Precision
from training.modeling import ComplaintModel


def export_network(model: ComplaintModel, tokenizer: Tokenizer, path: Path) -> Engine:
    """Write graph, weights and tokenizer to ``path``, and open the engine on them."""
    model.eval().to("cpu")
    model.encoder.set_attn_implementation("sdpa")
    example = {
        "input_ids": torch.arange(5, 23).reshape(2, 9),
        "attention_mask": torch.ones(2, 9, dtype=torch.int64),
    }
    network = ov.convert_model(model, example_input=example)
    for node, name in zip(network.inputs, example, strict=True):
        node.get_node().set_partial_shape(ov.PartialShape([-1, -1]))
        node.get_tensor().set_names({name})
    network.validate_nodes_and_infer_types()
    small = nncf.compress_weights(network, mode=nncf.CompressWeightsMode.INT8_SYM)
    ov.save_model(small, path / FILES.graph, compress_to_fp16=True)
    tokenizer.save(str(path / FILES.tokenizer))
    return Engine(path / FILES.graph, path / FILES.weights, precision=Precision.AUTO)
