"""SetFit on the encoder that the shipped model starts from.

Tunstall et al., "Efficient Few-Shot Learning Without Prompts" (2022): the encoder is tuned on pairs of a few messages
a label (same label: alike, another: unlike), then a logistic regression reads its embeddings. A body for each of nine
tasks would take nine times the time, so the tasks share one, trained on the pairs of all. SetFit is meant for few
labels: the number of pairs grows with the square of the messages. What it makes of few is one contestant; the same
body with regressions on all messages is the other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from setfit import SetFitModel, Trainer, TrainingArguments
from setfit import logging as setfit_logging
from setfit.sampler import ContrastiveDataset
from transformers import PreTrainedTokenizerFast, ProgressCallback, TrainerCallback
from transformers.utils import logging as transformers_logging

from benchmarks.peers.heads import Heads
from benchmarks.peers.peer import Logits, Progress, Recipe
from classifier.taxonomy import TASKS, Task, TaskKind
from training.corpus import Example
from training.encoder import load_encoder

_SHOTS = 16
_ITERATIONS = 2
_BATCH = 16
_TOKENS = 128
_Pair = dict[str, Any]


class SetFit:
    """Logistic regressions on the embeddings of a tuned body: of the few messages it was tuned on, or of all."""

    def __init__(self, body: Body, *, on_all: bool) -> None:
        self.body = body
        self.on_all = on_all
        self.heads = Heads(inverse_penalty=1.0)
        few = f"{_SHOTS} messages a label, {_ITERATIONS} x 2 pairs each, one body for all tasks"
        self.title = "SetFit body + LR on all" if on_all else "SetFit, few-shot"
        self.method = f"the body of the few-shot one, regressions on all messages ({_TOKENS} tokens)" if on_all else few

    def fit(self, examples: Sequence[Example], progress: Progress) -> None:
        """Tune the body, if the other contestant has not done so, and fit the regressions."""
        self.body.fit(examples, lambda share: progress(share / 2))
        chosen = examples if self.on_all else few_shot(examples, self.body.seed)
        features = self.body.embed([e.text for e in chosen], lambda share: progress((1 + share) / 2))
        self.heads.fit(features, chosen, lambda _: None)

    def logits(self, examples: Sequence[Example]) -> Logits:
        """Return decision values."""
        return self.heads.logits(self.body.embed([e.text for e in examples]))


class Body:
    """The shipped model's encoder before training, with mean pooling, as a ``SentenceTransformer``."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.seed = recipe.config.run.seed
        self.network: SentenceTransformer | None = None
        self.known: dict[str, npt.NDArray[np.float32]] = {}

    def fit(self, examples: Sequence[Example], progress: Progress) -> None:
        """Tune the encoder on pairs of a few of ``examples``, once; a second call does nothing."""
        if self.network is not None:
            return
        self.network = _sentence_transformer(self.recipe, [e.text for e in examples])
        bfloat16, device = self.recipe.config.optimizer.bfloat16, self.network.device.type
        with tempfile.TemporaryDirectory() as folder, torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            _Contrast.of(self.network, pairs(examples, self.seed), folder, progress).train_embeddings([])
        self.network.eval()

    def embed(self, texts: Sequence[str], progress: Progress = lambda _: None) -> npt.NDArray[np.float32]:
        """Return (len(texts), hidden); what was embedded before is remembered."""
        if self.network is None:
            raise RuntimeError("fit the body first")
        new = sorted({text for text in texts if text not in self.known}, key=len)
        bfloat16, device = self.recipe.config.optimizer.bfloat16, self.network.device.type
        with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
            for start in range(0, len(new), 256):
                part = new[start : start + 256]
                self.known |= zip(part, self.network.encode(part, show_progress_bar=False), strict=True)
                progress(min(1.0, (start + 256) / len(new)))
        return np.stack([self.known[text] for text in texts])


class _Contrast(Trainer):  # type: ignore[misc]
    """SetFit's trainer, given its pairs: its own sampler knows one task only."""

    pairs: Dataset

    @classmethod
    def of(cls, network: SentenceTransformer, pairs: Sequence[_Pair], folder: str, progress: Progress) -> _Contrast:
        """Set SetFit up to tune ``network`` on ``pairs``: its defaults, one pass, nothing written."""
        settings = TrainingArguments(
            output_dir=folder,
            batch_size=_BATCH,
            num_epochs=1,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            logging_first_step=False,
            show_progress_bar=False,
        )
        trainer = cls(SetFitModel(network), settings, callbacks=[_Watch(progress)])
        trainer.st_trainer.args.dataloader_pin_memory = False
        trainer.st_trainer.remove_callback(ProgressCallback)
        trainer.pairs = Dataset.from_list(list(pairs))
        return trainer

    def get_dataset(self, x: object, y: object, args: TrainingArguments, max_pairs: int = -1) -> tuple[Dataset, Any]:
        """Return the pairs and SetFit's loss."""
        return self.pairs, args.loss(self.model.model_body)


class _Watch(TrainerCallback):
    """Passes each step on."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.progress(state.global_step / state.max_steps)


def few_shot(examples: Sequence[Example], seed: int) -> list[Example]:
    """Return the messages of every task's sample, each once."""
    rows = {row for task in TASKS for row in _sample(task, examples, seed)}
    return [examples[row] for row in sorted(rows)]


def pairs(examples: Sequence[Example], seed: int) -> list[_Pair]:
    """Return SetFit's pairs of every task's sample, mixed; a pair of several labels is alike if it shares one."""
    found: list[_Pair] = []
    for task in TASKS:
        rows = _sample(task, examples, seed)
        labels = [_hot(task, examples[row]) for row in rows]
        if len({tuple(label) for label in labels}) > 1:
            texts = [examples[row].text for row in rows]
            found += ContrastiveDataset(texts, labels, multilabel=True, num_iterations=_ITERATIONS)
    return [found[i] for i in np.random.default_rng(seed).permutation(len(found))]


def _sample(task: Task, examples: Sequence[Example], seed: int) -> list[int]:
    """Return the rows of at most ``_SHOTS`` messages of each label, the main one where there are several."""
    rows: dict[object, list[int]] = {}
    for row in np.random.default_rng(seed).permutation(len(examples)).tolist():
        value = examples[row].labels.get(task.id)
        if value is not None:
            rows.setdefault(value[0] if task.kind is TaskKind.MULTI else value, []).append(row)
    return [row for members in rows.values() for row in members[:_SHOTS]]


def _hot(task: Task, example: Example) -> list[int]:
    """Return 0 or 1 for each label."""
    value = example.labels[task.id]
    if task.kind is TaskKind.FLAG:
        return [int(not value), int(value)]
    return [int(label in value if task.kind is TaskKind.MULTI else label == value) for label in task.label_ids]


def _sentence_transformer(recipe: Recipe, texts: Sequence[str]) -> SentenceTransformer:
    """Put the encoder of ``recipe`` into sentence-transformers, by way of a folder."""
    _quieten()
    network, tokenizer = load_encoder(recipe.config.encoder, folder=recipe.folder, texts=texts)
    specials = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    with tempfile.TemporaryDirectory() as folder:
        network.save_pretrained(folder)
        wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
            tokenizer_object=tokenizer, model_max_length=_TOKENS, **specials
        )
        wrapped.save_pretrained(folder)
        body = Transformer(folder, model_kwargs={"add_pooling_layer": False, "attn_implementation": "eager"})
    embeddings = body.auto_model.get_input_embeddings()
    embeddings.requires_grad_(not recipe.config.encoder.freeze_embeddings)
    pooling = Pooling(network.config.hidden_size, "mean")
    return SentenceTransformer(modules=[body, pooling], device=recipe.config.optimizer.device)


def _quieten() -> None:
    """Leave the terminal to our own progress bar."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    setfit_logging.set_verbosity_error()
