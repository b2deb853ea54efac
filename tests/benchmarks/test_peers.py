from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import Peer, Recipe, choose
from benchmarks.peers.heads import Heads
from benchmarks.peers.spacy_textcat import categories
from classifier.calibration import columns
from classifier.taxonomy import TASKS
from training.config import TrainingConfig
from training.corpus import Example

WIDTH = sum(task.width for task in TASKS)
CONFIG = TrainingConfig.model_validate(
    {
        "run": {"name": "toy", "version": "0"},
        "data": {"corpus": []},
        "encoder": {"source": "tiny", "freeze_embeddings": False},
    }
)
RECIPE = Recipe(CONFIG, Path())
BAD = {
    "complaint": True,
    "motive": ["venting"],
    "severity": "high",
    "justice": ["interactional", "outcome"],
    "quality": "empathy",
    "touchpoint": "support",
    "tone": "angry",
    "guarantee": False,
    "conduct": "none",
}
LATE = {**BAD, "motive": ["restitution"], "severity": "low", "quality": "reliability", "touchpoint": "fulfilment"}
GOOD = {"complaint": False, "touchpoint": "use", "tone": "calm"}
KINDS = [
    ("Qué trato tan grosero el de la señora {}, nadie merece esto.", BAD),
    ("El paquete {} no ha llegado y quiero mi dinero.", LATE),
    ("Todo muy bien con {}, muchas gracias por la amabilidad.", GOOD),
]


def examples(count: int = 90) -> list[Example]:
    return [
        Example(str(i), text.format(f"número{i}"), "es", "s", str(i), labels)
        for i, (text, labels) in ((i, KINDS[i % len(KINDS)]) for i in range(count))
    ]


def column(task: str, label: str) -> int:
    where = {t.id: t.label_ids for t in TASKS}[task].index(label)
    return columns()[task].start + where


def check(peer: Peer) -> None:
    """Train on kinds of messages that a word tells apart, and see whether the logits tell them apart."""
    shares: list[float] = []
    peer.fit(examples(), shares.append)
    logits = peer.logits(examples(9))
    assert logits.shape == (9, WIDTH)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()
    assert shares[-1] == pytest.approx(1.0)
    assert shares == sorted(shares)
    complaint = logits[:, columns()["complaint"].start]
    assert min(complaint[0::3].min(), complaint[1::3].min()) > complaint[2::3].max()
    late = logits[:, column("touchpoint", "fulfilment")]
    assert late[1::3].min() > max(late[0::3].max(), late[2::3].max())
    angry = logits[0::3, column("tone", "angry")] - logits[0::3, column("tone", "calm")]
    assert angry.min() > 0
    assert logits[0::3, column("motive", "venting")].min() > logits[1::3, column("motive", "venting")].max()


@pytest.mark.parametrize("name", ["linear", "static", "spacy"])
def test_a_peer_learns(name: str) -> None:
    (peer,) = choose([name], RECIPE)
    check(peer)


@pytest.mark.training
@pytest.mark.filterwarnings("ignore")
def test_setfit_learns_from_few_and_from_all() -> None:
    pytest.importorskip("setfit")
    few, on_all = choose(["setfit"], RECIPE)
    check(few)
    check(on_all)
    assert few.title != on_all.title


def test_a_peer_is_chosen_once() -> None:
    assert len(choose(["linear", "linear"], RECIPE)) == 1


def test_heads_know_labels_of_two_classes_and_of_none() -> None:
    rows = [e for e in examples(60) if e.labels["complaint"]]
    features = np.array([[e.labels["touchpoint"] == "support", 1.0] for e in rows])
    heads = Heads(1.0)
    heads.fit(features, rows, lambda _: None)
    logits = heads.logits(features)
    support, late = column("touchpoint", "support"), column("touchpoint", "fulfilment")
    assert np.array_equal(logits[:, support] > logits[:, late], features[:, 0] == 1)
    assert (logits[:, column("touchpoint", "returns")] == -9).all()
    assert (logits[:, columns()["complaint"]] == 9).all()  # always so: nothing to learn
    assert (logits[:, column("conduct", "none")] == 9).all()
    assert (logits[:, columns()["guarantee"]] == -9).all()


def test_categories_leave_out_tasks_without_label() -> None:
    found = categories(Example("1", "x", "es", "s", "f", GOOD))
    assert {name.split("=")[0] for name in found} == {"complaint", "touchpoint", "tone"}
    assert found["complaint=yes"] == 0.0
    assert [name for name, value in found.items() if value] == ["touchpoint=use", "tone=calm"]
    assert len(categories(Example("1", "x", "es", "s", "f", BAD))) == WIDTH
