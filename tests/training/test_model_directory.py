from pathlib import Path

import pytest

from classifier.artifact import FILES
from classifier.errors import InputError
from training.model_directory import check_target, move_in


def model(path: Path, version: str) -> Path:
    path.mkdir(parents=True)
    for name in (FILES.config, FILES.checksums):
        (path / name).write_text(version)
    return path


def fresh(folder: Path) -> Path:
    return model(folder / "temporary" / "model", "new")


def other(path: Path, kind: str) -> Path:
    """Put something at ``path`` that is no model."""
    if kind == "file":
        path.write_text("a thesis")
    elif kind == "link":
        path.symlink_to("nowhere")
    else:
        path.mkdir()
        (path / (FILES.checksums if kind == "downloads" else "thesis.txt")).write_text("a thesis")
    return path


@pytest.mark.parametrize("kind", ["file", "link", "folder", "downloads"])
def test_what_is_no_model_is_never_written_over(tmp_path: Path, kind: str) -> None:
    target, new = other(tmp_path / "target", kind), fresh(tmp_path)
    for write in (lambda: check_target(target), lambda: move_in(new, target)):
        with pytest.raises(InputError, match=r"target is there and is no model directory"):
            write()
    assert (new / FILES.config).read_text() == "new"
    assert target.is_symlink() or "a thesis" in [p.read_text() for p in (target, *target.glob("*")) if p.is_file()]


@pytest.mark.parametrize("there", ["nothing", "empty", "older"])
def test_a_model_goes_where_nothing_is_or_in_the_place_of_an_older_one(tmp_path: Path, there: str) -> None:
    target = tmp_path / "target"
    if there == "empty":
        target.mkdir()
    elif there == "older":
        model(target, "old")
    check_target(target)
    move_in(fresh(tmp_path), target)
    assert (target / FILES.config).read_text() == "new"


def test_the_older_model_comes_back_if_the_new_one_can_not_be_moved(tmp_path: Path) -> None:
    target = model(tmp_path / "target", "old")
    (tmp_path / "temporary").mkdir()
    with pytest.raises(FileNotFoundError):
        move_in(tmp_path / "temporary" / "absent", target)
    assert (target / FILES.config).read_text() == "old"
