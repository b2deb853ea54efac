import json
import shutil
from pathlib import Path

import pytest

from classifier.artifact import FILES, Artifact, find_model, write_checksums
from classifier.errors import ArtifactNotFoundError, ChecksumError, IncompatibleModelError


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def test_a_complete_directory_is_read(tiny_model: Path) -> None:
    artifact = Artifact.load(tiny_model)
    assert (artifact.info.name, artifact.info.version, artifact.info.taxonomy) == ("tiny", "0.0.1", "1")
    assert artifact.metrics()["validation"]["all"]["messages"] > 0


@pytest.mark.parametrize("name", [FILES.weights, FILES.calibration, FILES.card])
def test_a_changed_file_is_refused_by_name(copy: Path, name: str) -> None:
    with (copy / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ChecksumError, match=name):
        Artifact.load(copy)


def test_a_missing_file_is_refused_by_name(copy: Path) -> None:
    (copy / FILES.tokenizer).unlink()
    with pytest.raises(ArtifactNotFoundError, match=FILES.tokenizer):
        Artifact.load(copy)


def test_a_file_without_checksum_is_refused(copy: Path) -> None:
    sums = copy / FILES.checksums
    kept = [line for line in sums.read_text().splitlines() if not line.endswith(FILES.weights)]
    sums.write_text("\n".join(kept))
    with pytest.raises(ChecksumError, match=FILES.weights):
        Artifact.load(copy)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFoundError, match="not a model directory"):
        Artifact.load(tmp_path)


@pytest.mark.parametrize("change", [{"taxonomy": "2"}, {"format": 99}, {"tasks": {"complaint": ["no"]}}])
def test_a_model_of_another_taxonomy_or_layout_is_refused(copy: Path, change: dict[str, object]) -> None:
    config = json.loads((copy / FILES.config).read_text())
    (copy / FILES.config).write_text(json.dumps(config | change))
    write_checksums(copy)
    with pytest.raises(IncompatibleModelError):
        Artifact.load(copy)


def test_the_place_given_comes_before_the_environment(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECUPERA_MODEL", str(tmp_path))
    assert find_model() == tmp_path
    assert find_model(tiny_model) == tiny_model


@pytest.mark.parametrize("variable", [True, False])
def test_a_wrong_place_says_where_it_came_from(variable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = str(tmp_path / "nowhere")
    if variable:
        monkeypatch.setenv("RECUPERA_MODEL", wrong)
    with pytest.raises(ArtifactNotFoundError, match="RECUPERA_MODEL" if variable else "--model"):
        find_model(None if variable else wrong)
