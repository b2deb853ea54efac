from pathlib import Path

import pytest

from classifier.artifact import FILES
from classifier.errors import InputError
from training.model_directory import check_target, in_place_of


def model(path: Path, version: str) -> Path:
    path.mkdir(parents=True)
    for name in (FILES.config, FILES.checksums):
        (path / name).write_text(version)
    return path


def put(target: Path, *, meanwhile: str = "") -> None:
    """Write a new model in the place of ``target``, where somebody else may put something meanwhile."""
    with in_place_of(target) as fresh:
        model(fresh, "new")
        if meanwhile:
            other(target, meanwhile)


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
    target = other(tmp_path / "target", kind)
    for write in (check_target, put):
        with pytest.raises(InputError, match=r"target is there and is no model directory"):
            write(target)
    assert target.is_symlink() or "a thesis" in [p.read_text() for p in (target, *target.glob("*")) if p.is_file()]


@pytest.mark.parametrize("there", ["nothing", "empty", "older"])
def test_a_model_goes_where_nothing_is_or_in_the_place_of_an_older_one(tmp_path: Path, there: str) -> None:
    target = tmp_path / "target"
    if there == "empty":
        target.mkdir()
    elif there == "older":
        model(target, "old")
    check_target(target)
    put(target)
    assert (target / FILES.config).read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_the_older_model_comes_back_if_the_new_one_can_not_be_moved(tmp_path: Path) -> None:
    target = model(tmp_path / "target", "old")
    with pytest.raises(FileNotFoundError), in_place_of(target):
        pass  # nothing was written
    assert (target / FILES.config).read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_came_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with pytest.raises(InputError, match="is no model directory"):
        put(target, meanwhile="folder")
    assert (target / "thesis.txt").read_text() == "a thesis"
