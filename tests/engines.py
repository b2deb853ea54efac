"""What stands in for the network where a test says what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from classifier.engine import Logits, States
from classifier.tokenization import Batch, Ids, TokenEncoder


@dataclass(frozen=True)
class RuleEngine:
    """Answers by the words that it sees: ``answer`` is from a text to the logits of all tasks, side by side.

    What its lower part makes of the tokens are their ids.
    """

    encoder: TokenEncoder
    answer: Callable[[str], Logits]

    def logits(self, batch: Batch) -> Logits:
        return self._logits(batch.input_ids)

    def read(self, batch: Batch) -> tuple[Logits, States]:
        return self._logits(batch.input_ids), batch.input_ids[..., None].astype(np.float32)

    def read_again(self, states: States, masks: Ids) -> Logits:
        return self._logits(np.where(masks, states[:, 0].astype(np.int64), self.encoder.pad_id))

    def _logits(self, rows: Ids) -> Logits:
        return np.stack([self.answer(self.encoder.tokenizer.decode(ids.tolist())) for ids in rows])
