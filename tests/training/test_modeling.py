import pytest
import torch
from transformers import BertConfig, BertModel

from classifier.taxonomy import TASKS
from training.modeling import ComplaintModel, SharedDropout, attention_pool

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
    model = _model(layers=1).eval()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(torch.ones(rows, 5, dtype=torch.int64), torch.ones(rows, 5, dtype=torch.int64))
    assert logits.shape == (rows, sum(task.width for task in TASKS))
    assert torch.isfinite(logits).all()


def test_shared_dropout_leaves_the_same_features_out_at_every_token_and_keeps_the_mean() -> None:
    torch.manual_seed(1)
    thinned = SharedDropout(0.25).train()(torch.ones(64, 5, 400))
    assert thinned.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert torch.equal(thinned, thinned[:, :1].expand_as(thinned))
    assert not torch.equal(thinned[0], thinned[1])
    assert thinned.mean().item() == pytest.approx(1.0, abs=0.02)


def test_shared_dropout_acts_while_training_only() -> None:
    assert torch.equal(SharedDropout(0.5).eval()(STATES), STATES)
    assert torch.equal(SharedDropout(0.0).train()(STATES), STATES)


def test_features_are_dropped_in_both_parts_of_every_layer_and_nothing_is_added_to_the_weights() -> None:
    model = _model(layers=3)
    names = set(model.state_dict())
    model.drop_features(0.5)
    ids, mask = torch.ones(2, 5, dtype=torch.int64), torch.ones(2, 5, dtype=torch.int64)
    assert sum(isinstance(module, SharedDropout) for module in model.modules()) == 6
    assert set(model.state_dict()) == names
    model.train()
    assert not torch.allclose(model.encoder(ids, mask).last_hidden_state, model.encoder(ids, mask).last_hidden_state)
    model.eval()
    assert torch.equal(model(ids, mask), model(ids, mask))


def _model(*, layers: int) -> ComplaintModel:
    config = BertConfig(
        vocab_size=11, hidden_size=8, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=16,
    )  # fmt: skip
    return ComplaintModel(BertModel(config, add_pooling_layer=False))
