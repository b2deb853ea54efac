import pytest
import torch
from transformers import BertConfig, BertModel

from classifier.taxonomy import TASKS
from training.modeling import ComplaintModel, attention_pool

STATES = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
MASK = torch.tensor([[1, 1, 0], [1, 1, 1]])


def test_without_a_query_the_tokens_count_alike() -> None:
    pooled = attention_pool(STATES, MASK, torch.zeros(2, 4))
    assert pooled.shape == (2, 2, 4)
    assert torch.allclose(pooled[0], STATES[0, :2].mean(dim=0).expand(2, 4))
    assert torch.allclose(pooled[1], STATES[1].mean(dim=0).expand(2, 4))


def test_a_query_picks_the_tokens_that_point_its_way() -> None:
    states = torch.eye(4).unsqueeze(0)
    pooled = attention_pool(states, torch.ones(1, 4, dtype=torch.int64), 50 * torch.eye(4)[2:3])
    assert torch.allclose(pooled[0, 0], torch.eye(4)[2], atol=1e-4)


def test_padding_is_never_looked_at() -> None:
    other = STATES.clone()
    other[0, 2] = 1e4
    queries = torch.ones(1, 4)
    assert torch.equal(attention_pool(STATES, MASK, queries), attention_pool(other, MASK, queries))


@pytest.mark.parametrize("rows", [1, 3])
def test_logits_of_all_tasks_stand_side_by_side(rows: int) -> None:
    config = BertConfig(
        vocab_size=11, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=16,
    )  # fmt: skip
    model = ComplaintModel(BertModel(config, add_pooling_layer=False)).eval()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(torch.ones(rows, 5, dtype=torch.int64), torch.ones(rows, 5, dtype=torch.int64))
    assert logits.shape == (rows, sum(task.width for task in TASKS))
    assert torch.isfinite(logits).all()
