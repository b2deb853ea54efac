from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classifier.artifact import FILES
from classifier.tokenization import TokenEncoder, batches, kept, padded_length

ROWS = st.lists(st.integers(1, 64).map(lambda n: np.arange(n, dtype=np.int64)), max_size=40)


@given(ROWS, st.integers(1, 500))
def test_every_row_comes_once_at_its_own_length(rows: list[np.ndarray], budget: int) -> None:
    seen = []
    for batch in batches(rows, pad_id=7, max_tokens=64, budget=budget):
        seen += batch.positions
        assert batch.input_ids.shape == batch.attention_mask.shape
        assert len(batch.positions) == 1 or batch.input_ids.size <= budget
        for row, position in enumerate(batch.positions):
            length = len(rows[position])
            assert batch.input_ids.shape[1] == padded_length(length, 8, 64)
            assert batch.attention_mask[row].sum() == length
            assert (batch.input_ids[row, length:] == 7).all()
    assert sorted(seen) == list(range(len(rows)))


def test_a_long_text_keeps_its_head_and_its_tail(tiny_model: Path) -> None:
    long = TokenEncoder.from_file(tiny_model / FILES.tokenizer, max_tokens=10_000)
    short = TokenEncoder.from_file(tiny_model / FILES.tokenizer, max_tokens=30)
    text = " ".join(f"palabra{i}" for i in range(200))
    (whole,), (cut,) = long.encode([text]), short.encode([text])
    assert len(cut) == 30
    np.testing.assert_array_equal(cut, np.concatenate([whole[:20], whole[-10:]]))
    assert cut[-1] == short.tokenizer.token_to_id("</s>")


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 30), st.integers(0, 30))
def test_what_is_kept_is_the_shorter_text(ids: list[int], first: int, last: int) -> None:
    whole, shorter = np.array(ids, dtype=np.int64), np.array(ids[:first] + ids[max(first, last) :], dtype=np.int64)
    np.testing.assert_array_equal(whole[kept(whole, shorter)], shorter)


def test_a_shorter_text_with_more_tokens_leaves_nothing_out() -> None:
    assert kept(np.array([1, 2, 3]), np.array([1, 4, 5, 3])).all()
