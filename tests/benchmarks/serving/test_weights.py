"""The peers are given the encoder that is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.serving import weights
from classifier.taxonomy import TASKS
from training.released import released_network


@pytest.mark.training
def test_what_transformers_opens_is_the_released_encoder(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "find_model", lambda: tiny_model)

    weights.write(tmp_path / "weights")

    network, _ = released_network(tiny_model)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "weights").eval()
    given = AutoTokenizer.from_pretrained(tmp_path / "weights")("Chegou quebrado.", return_tensors="pt")
    with torch.inference_mode():
        ours = network.eval().encoder(given["input_ids"], given["attention_mask"]).last_hidden_state
        theirs = model.bert(given["input_ids"], given["attention_mask"]).last_hidden_state
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert model.config.num_labels == sum(task.width for task in TASKS)
