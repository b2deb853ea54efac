from pathlib import Path

import pytest

from classifier.errors import InputError
from training.config import TrainingConfig, read_config, to_toml

CONFIGS = sorted((Path(__file__).parents[2] / "training" / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_resolved_then_read_is_the_same(path: Path, tmp_path: Path) -> None:
    config = read_config(path)
    copy = tmp_path / "training.toml"
    copy.write_text(to_toml(config), encoding="utf-8")
    assert read_config(copy) == config


def test_an_unknown_key_is_refused_by_its_dotted_path(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(
        '[run]\nname = "x"\nversion = "1"\n[[data.corpus]]\npath = "a.jsonl"\n[optimizer]\nlearning_rat = 1\n'
    )
    with pytest.raises(InputError, match=r"run\.toml: optimizer\.learning_rat"):
        read_config(path)


def test_a_value_out_of_range_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('[run]\nname = "x"\nversion = "1"\n[data]\nvalidation_fraction = 0.9\ncorpus = []\n')
    with pytest.raises(InputError, match=r"data\.validation_fraction"):
        read_config(path)


def test_what_is_no_toml_or_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such configuration"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[run\n")
    with pytest.raises(InputError, match="not valid TOML"):
        read_config(tmp_path / "bad.toml")


def test_names_with_quotes_survive(tmp_path: Path) -> None:
    config = TrainingConfig.model_validate(
        {"run": {"name": 'a "b" \\ c', "version": "1"}, "data": {"corpus": [{"path": "x"}]}}
    )
    (tmp_path / "c.toml").write_text(to_toml(config))
    assert read_config(tmp_path / "c.toml") == config
