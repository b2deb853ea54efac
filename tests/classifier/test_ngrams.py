from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.ngrams import BUCKETS, WORD_BITS, NgramModel, fold, ngrams, weighted

RARITY = np.ones(BUCKETS, dtype=np.float16)


def model(seed: int = 1, width: int = 5) -> NgramModel:
    chance = np.random.default_rng(seed)
    weights = chance.integers(-127, 128, (BUCKETS, width)).astype(np.int8)
    return NgramModel(RARITY, weights, np.full(width, 0.01, np.float32), np.arange(width, dtype=np.float32))


def test_accents_capitals_and_digits_meet() -> None:
    assert fold("Reclamação ÑANDÚ") == "reclamacao nandu"
    hurried, careful = ngrams("nao recebi o pedido 123"), ngrams("NÃO recebi o pedido 987")
    for a, b in zip(hurried, careful, strict=True):
        assert sorted(a) == sorted(b)


def test_the_two_tables_are_apart() -> None:
    words, letters = ngrams("el paquete no llegó")
    assert words.max() < 1 << WORD_BITS <= letters.min()
    assert letters.max() < BUCKETS
    assert len(words) == 4 + 3  # words and their pairs


def test_each_table_counts_the_same() -> None:
    features = weighted(ngrams("no llegó, no llegó, no llegó"), RARITY)
    parts = [features.values[features.buckets < 1 << WORD_BITS], features.values[features.buckets >= 1 << WORD_BITS]]
    assert [float((part**2).sum()) for part in parts] == pytest.approx([1.0, 1.0], rel=1e-3)


def test_what_was_never_learned_weighs_nothing() -> None:
    silent = model()
    silent = NgramModel(np.zeros_like(silent.rarity), silent.weights, silent.scale, silent.bias)
    assert silent.logits(["cualquier cosa"]).tolist() == [silent.bias.tolist()]


@given(st.lists(st.text(), max_size=5))
def test_any_text_has_logits_that_no_neighbour_changes(texts: list[str]) -> None:
    wide = _WIDE
    together = wide.logits(texts)
    assert together.shape == (len(texts), 5)
    assert np.isfinite(together).all()
    alone = [wide.logits([text])[0] for text in texts]
    assert not texts or np.array_equal(together, np.stack(alone))


def test_save_then_load_is_the_identity(tmp_path: Path) -> None:
    _WIDE.save(tmp_path / "ngrams.npz")
    again = NgramModel.load(tmp_path / "ngrams.npz")
    texts = ["Quiero mi dinero", "", "quero meu dinheiro 😡"]
    assert np.array_equal(again.logits(texts), _WIDE.logits(texts))


_WIDE = model()
