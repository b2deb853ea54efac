import logging
import shutil
from pathlib import Path

import pytest

from classifier import ComplaintClassifier
from classifier.artifact import FILES, Artifact, find_model
from classifier.errors import InputError
from tests.conftest import CORPORA, TINY
from training.card import CARDS
from training.config import read_config
from training.corpus import sample
from training.pipeline import Network, Places, read_corpora, run, write_model

CORPORA_ONLY = CORPORA.parent / "configs" / "corpora-only.toml"


def test_a_model_directory_has_every_file_and_its_resolved_configuration(tiny_model: Path) -> None:
    names = set(FILES.__dataclass_fields__) - {"gate"}  # of small networks only
    assert {p.name for p in tiny_model.iterdir()} == {getattr(FILES, name) for name in names}
    assert read_config(tiny_model / FILES.training) == TINY
    for card in CARDS.values():
        assert "tiny 0.0.1" in (tiny_model / card).read_text(encoding="utf-8")


def test_a_model_says_how_long_it_was_trained_and_where(tiny_model: Path) -> None:
    told = Artifact.load(tiny_model).metrics()["training"]
    assert told["corpora"] == [section.path for section in TINY.data.corpus]
    assert told["messages"] == len(read_corpora(TINY, Places(CORPORA, None, CORPORA))[0])
    assert 0 < told["minutes"] < 30
    assert told["examples_per_second"] > 1
    assert told["machine"]["device"] == "cpu"
    assert told["machine"]["processor"]
    assert told["machine"]["threads"] >= 1
    assert "on cpu: " in (tiny_model / FILES.card).read_text(encoding="utf-8")


def test_prediction_sets_are_scored_on_messages_that_did_not_weigh_the_wide_half(tiny_model: Path) -> None:
    _, held = read_corpora(TINY, Places(CORPORA, None, CORPORA))
    weighed = {e.family for e in sample(held, 0.5, TINY.run.seed)}
    others = sum(e.family not in weighed for e in held)
    scores = Artifact.load(tiny_model).calibration["complaint"].conformal
    assert scores is not None
    assert 0.3 < others / len(held) < 0.7
    assert scores.main.count == others


def test_training_learns_something(tiny_model: Path) -> None:
    scores = Artifact.load(tiny_model).metrics()["validation"]["all"]
    assert scores["motive macro-F1"] > 0.25


def test_no_half_written_model_takes_the_place_of_a_good_one(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "model"
    shutil.copytree(tiny_model, output)
    before = (output / FILES.checksums).read_bytes()

    def fails(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.pipeline.fit_calibration", fails)
    once = TINY.model_copy(update={"optimizer": TINY.optimizer.model_copy(update={"epochs": 1})})
    with pytest.raises(KeyboardInterrupt):
        run(once, Places(CORPORA, None, output))
    assert (output / FILES.checksums).read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    assert ComplaintClassifier.from_pretrained(output).model.name == "tiny"


def test_a_corpus_that_need_not_be_there_is_left_out_saying_so(caplog: pytest.LogCaptureFixture) -> None:
    section = TINY.data.corpus[0]
    data = TINY.data.model_copy(
        update={"corpus": (section, section.model_copy(update={"path": "absent.jsonl", "required": False}))}
    )
    with caplog.at_level(logging.WARNING):
        training, validation = read_corpora(TINY.model_copy(update={"data": data}), Places(CORPORA, None, CORPORA))
    assert "absent.jsonl" in caplog.text
    assert training
    assert not {e.family for e in training} & {e.family for e in validation}


def test_a_fraction_is_trained_on_and_what_is_held_out_stays_the_same() -> None:
    whole, held = read_corpora(TINY, Places(CORPORA, None, CORPORA))
    half = TINY.model_copy(update={"data": TINY.data.model_copy(update={"training_fraction": 0.5})})
    some, still = read_corpora(half, Places(CORPORA, None, CORPORA))
    assert 0.3 < len(some) / len(whole) < 0.7
    assert {e.id for e in some} < {e.id for e in whole}
    assert still == held


def test_a_required_corpus_that_is_not_there_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pt-br\.jsonl"):
        read_corpora(TINY, Places(tmp_path, None, tmp_path))


def test_the_repositorys_own_run_finds_its_corpora() -> None:
    training, validation = read_corpora(read_config(CORPORA_ONLY), Places(CORPORA_ONLY.parent, None, CORPORA))
    assert len(training) > 300
    assert len(validation) > 60


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("tiny", "encoder.pretrained_share: only a model that training goes on from"),
        (str(find_model()), "encoder.pretrained: tiny is not what .* was: networks of other shapes: "),
    ],
)
def test_going_back_a_part_needs_a_released_model_and_what_it_was(source: str, told: str, tmp_path: Path) -> None:
    section = {"source": source, "pretrained": "tiny", "pretrained_share": 0.25}
    config = TINY.model_copy(update={"encoder": TINY.encoder.model_validate(section)})
    with pytest.raises(InputError, match=told):
        run(config, Places(CORPORA, None, tmp_path / "model"))


def test_a_folder_that_is_no_model_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (output := tmp_path / "letters").mkdir()
    (output / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="letters is there and is no model directory"):
        run(TINY, Places(tmp_path, None, output))
    assert (output / "letter.txt").read_text() == "dear"


def test_a_folder_that_came_while_it_was_trained_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "letters"

    def written(*_: object) -> None:
        output.mkdir()
        (output / "letter.txt").write_text("dear")

    monkeypatch.setattr("training.pipeline._write", written)
    network: Network = None  # type: ignore[assignment]
    with pytest.raises(InputError, match="letters is there and is no model directory"):
        write_model(TINY, output, network=network, validation=[])
    assert (output / "letter.txt").read_text() == "dear"
    assert [p.name for p in tmp_path.iterdir()] == ["letters"]


def test_corpora_of_which_nothing_is_held_out_are_told_so() -> None:
    corpus = tuple(section.model_copy(update={"role": "train"}) for section in TINY.data.corpus)
    config = TINY.model_copy(update={"data": TINY.data.model_copy(update={"corpus": corpus})})
    with pytest.raises(InputError, match=r"no messages are held out .*: give a corpus the role split"):
        read_corpora(config, Places(CORPORA, None, CORPORA))
