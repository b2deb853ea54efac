import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from classifier.errors import InputError
from training.config import TrainingConfig, read_config, to_toml

ROOT = Path(__file__).parents[2]
CONFIGS = sorted([*(ROOT / "training" / "configs").glob("*.toml"), *(ROOT / "models").glob("*/training.toml")])
RUN = '[run]\nname = "x"\nversion = "1"\n[[data.corpus]]\npath = "a.csv"\n'


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: f"{p.parent.name}/{p.stem}")
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


@given(st.text(), st.text(), st.text())
@example('a "b" \\ c', "\r\n", "\t\x00\x1b\x7f\x85\u2028")
def test_odd_names_read_back_to_the_same(name: str, path: str, column: str) -> None:
    corpus = {"path": path, "texts": column, "columns": {"text": column, "id": path}}
    config = TrainingConfig.model_validate({"run": {"name": name, "version": column}, "data": {"corpus": [corpus]}})
    with tempfile.TemporaryDirectory() as folder:
        (copy := Path(folder) / "training.toml").write_text(to_toml(config), encoding="utf-8")
        assert read_config(copy) == config


def test_an_ordinary_name_is_written_as_it_stands() -> None:
    config = TrainingConfig.model_validate({"run": {"name": "ñ\t😀 'x'", "version": "1"}, "data": {"corpus": []}})
    assert to_toml(config).startswith("[run]\nname = \"ñ\t😀 'x'\"\n")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('columns = {lang = "idioma"}', r"data\.corpus\.0\.columns\.lang: must be one of id, text, language, "),
        ("[loss.task_weights]\nseverty = 2.0", r"loss\.task_weights\.severty: must be one of complaint, motive, "),
        ("[loss.task_weights]\nseverity = -1", r"loss\.task_weights\.severity: must be 0 or more"),
        ("[loss.task_weights]\nseverity = inf", r"loss\.task_weights\.severity: must be a number"),
        ("[loss.task_weights]\nseverity = nan", r"loss\.task_weights\.severity: must be a number"),
        ("[distillation.agreement]\ncomplain = 0.9", r"distillation\.agreement\.complain: must be one of complaint"),
        ("[distillation.agreement]\ncomplaint = 0", r"distillation\.agreement\.complaint: must be more than 0"),
        ("[decisions.review_precision]\ncomplaints = 0.9", r"decisions\.review_precision\.complaints: must be one of"),
        ("[decisions.review_precision]\nmotive = 95", r"decisions\.review_precision\.motive: must be 1 or less"),
    ],
)
def test_a_task_that_is_none_and_a_share_that_is_none_are_refused(tmp_path: Path, lines: str, told: str) -> None:
    (path := tmp_path / "run.toml").write_text(f"{RUN}{lines}\n")
    with pytest.raises(InputError, match=rf"run\.toml: {told}"):
        read_config(path)


def test_bounds_of_shares_and_weights_are_within(tmp_path: Path) -> None:
    lines = "[loss.task_weights]\nconduct = 0\n[decisions.review_precision]\ncomplaint = 1\n[distillation.agreement]\n"
    (path := tmp_path / "run.toml").write_text(f'{RUN}columns = {{family = "hilo", tone = "tono"}}\n{lines}')
    config = read_config(path)
    assert config.data.corpus[0].columns == {"family": "hilo", "tone": "tono"}
    assert (config.loss.task_weights, config.decisions.review_precision) == ({"conduct": 0}, {"complaint": 1})
    assert config.distillation.agreement == {}
