"""The shipped encoder as a directory that ``transformers`` and every server built on it can open."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer
from transformers import BertForSequenceClassification, PreTrainedTokenizerFast

from classifier.artifact import Artifact, find_model
from classifier.taxonomy import TASKS
from training.released import released_network

__all__ = ["write"]


def write(folder: Path) -> None:
    """Write encoder and tokenizer as shipped, and the head that ``transformers`` knows, of the same number of labels.

    That head is untrained: a layer over the first token and a row of weights a label, where ours has a query and two
    layers a task. So the peers compute a little less than we do, and their probabilities mean nothing.
    """
    path = find_model()
    network, tokenizer = released_network(path)
    network.encoder.config.num_labels = sum(task.width for task in TASKS)
    model = BertForSequenceClassification(network.encoder.config)
    model.bert.load_state_dict(network.encoder.state_dict(), strict=False)
    model.save_pretrained(folder)
    _fast(tokenizer, Artifact.load(path).max_tokens).save_pretrained(folder)
    written = folder / "tokenizer_config.json"
    # the only class that transformers 4 knows, which infinity-emb needs
    named = json.loads(written.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    written.write_text(json.dumps(named), encoding="utf-8")


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
