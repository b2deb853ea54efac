"""The shipped network as a directory that ``transformers`` and every server built on it can open."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer
from transformers import BertForSequenceClassification, PreTrainedTokenizerFast

from benchmarks.texts import ROOT
from classifier.taxonomy import TASKS
from training.config import read_config
from training.encoder import load_encoder

__all__ = ["write"]


def write(folder: Path) -> None:
    """Write encoder, tokenizer and one row of weights a label.

    The weights are those before fine-tuning: speed does not depend on their values.
    """
    config = read_config(ROOT / "training" / "configs" / "recupera-es-pt.toml")
    encoder, tokenizer = load_encoder(config.encoder, folder=ROOT / "training" / "configs", texts=[])
    encoder.config.num_labels = sum(task.width for task in TASKS)
    model = BertForSequenceClassification(encoder.config)
    model.bert.load_state_dict(encoder.state_dict(), strict=False)
    model.save_pretrained(folder)
    _fast(tokenizer, config.data.max_tokens).save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    named = json.loads(path.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    path.write_text(
        json.dumps(named), encoding="utf-8"
    )  # transformers 4, which infinity-emb needs, knows only this one


def _fast(tokenizer: Tokenizer, most: int) -> PreTrainedTokenizerFast:
    """Return the tokenizer in the wrapper of ``transformers``."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=most,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        cls_token="<s>",
        sep_token="</s>",
        mask_token="<mask>",
    )
