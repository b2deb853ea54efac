import numpy as np
import openvino as ov
import pytest

from classifier import ComplaintClassifier
from classifier.artifact import FILES
from classifier.engine import Engine, Precision
from classifier.tokenization import Batch, pad

TEXTS = ("El pedido llegó roto.", "Ninguém me respondeu durante três semanas, e agora dizem que a culpa é minha!")


@pytest.fixture(params=["shipped", "tiny"])
def classifier(request: pytest.FixtureRequest) -> ComplaintClassifier:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@pytest.fixture
def batch(classifier: ComplaintClassifier) -> Batch:
    return Batch((0, 1), *pad(classifier.encoder.encode(TEXTS), 80, classifier.encoder.pad_id))


def open_engine(classifier: ComplaintClassifier) -> Engine:
    path = classifier.artifact.path
    return Engine(path / FILES.graph, path / FILES.weights, precision=Precision.F32)


def test_two_parts_answer_as_the_whole_network_does(classifier: ComplaintClassifier, batch: Batch) -> None:
    path = classifier.artifact.path
    network = ov.Core().compile_model(path / FILES.graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    wanted = network([batch.input_ids, batch.attention_mask])[0]

    np.testing.assert_allclose(open_engine(classifier).logits(batch), wanted, atol=1e-4)


def test_a_text_read_again_with_all_its_tokens_gets_the_same_answer(
    classifier: ComplaintClassifier, batch: Batch
) -> None:
    engine = open_engine(classifier)
    logits, states = engine.read(batch)

    for row in range(2):
        again = engine.read_again(states[row], batch.attention_mask[[row, row]])
        np.testing.assert_allclose(again, logits[[row, row]], atol=1e-5)


def test_what_a_batch_left_is_not_changed_by_the_next(classifier: ComplaintClassifier, batch: Batch) -> None:
    engine = open_engine(classifier)
    _, states = engine.read(batch)
    before = states.copy()

    engine.logits(Batch((0, 1), batch.input_ids[::-1].copy(), batch.attention_mask[::-1].copy()))

    np.testing.assert_array_equal(states, before)


def test_tokens_that_are_left_out_are_not_seen_above(classifier: ComplaintClassifier, batch: Batch) -> None:
    engine = open_engine(classifier)
    logits, states = engine.read(batch)
    masks = batch.attention_mask[[1, 1]]
    masks[1, 10:20] = 0
    other = states[1].copy()
    other[10:20] = 0.5

    assert np.abs(engine.read_again(states[1], masks)[1] - logits[1]).max() > 1e-3
    np.testing.assert_allclose(engine.read_again(other, masks)[1], engine.read_again(states[1], masks)[1], atol=1e-5)
