"""A trained network to the engine's file: OpenVINO IR, weights in 8 bits with a scale per row."""

from __future__ import annotations

import warnings
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
    with warnings.catch_warnings():
        # torch and openvino warn of each other's and their own deprecations, about which nothing can be done here.
        warnings.simplefilter("ignore")
        network = ov.convert_model(_exported(model))
    small = nncf.compress_weights(network, mode=nncf.CompressWeightsMode.INT8_SYM)
    ov.save_model(small, path / FILES.graph, compress_to_fp16=True)
    tokenizer.save(str(path / FILES.tokenizer))
    return Engine(path / FILES.graph, path / FILES.weights, precision=Precision.AUTO)


def _exported(model: ComplaintModel) -> torch.export.ExportedProgram:
    """Capture the graph for any number of rows and tokens."""
    example = {
        "input_ids": torch.arange(5, 23).reshape(2, 9),
        "attention_mask": torch.ones(2, 9, dtype=torch.int64),
    }
    sizes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    return torch.export.export(model, (), example, dynamic_shapes=dict.fromkeys(example, sizes))
