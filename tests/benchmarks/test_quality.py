from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import peers, quality, tables
from benchmarks.__main__ import main
from benchmarks.texts import CORPORA

HELD = CORPORA / "validation.jsonl"


@contextmanager
def silent(_title: str) -> Iterator[Callable[[float], None]]:
    yield lambda _share: None


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> quality.Report:
    """Measure on the written set, given as the real one too, of which two messages were trained on."""
    data = tmp_path_factory.mktemp("data")
    trained = (CORPORA / "es-es.jsonl").read_text(encoding="utf-8").splitlines()[:2]
    (data / "dev.jsonl").write_text("\n".join([HELD.read_text(encoding="utf-8").strip(), *trained]), encoding="utf-8")
    return quality.measure(quality.Options(data, ("linear",), subset=250), silent)


@pytest.mark.acceptance
def test_what_was_trained_on_is_not_measured_on(report: quality.Report) -> None:
    lines = HELD.read_text(encoding="utf-8").splitlines()
    assert report.sizes == {"dev.jsonl (real)": len(lines), "validation.jsonl (written)": len(lines)}
    assert "dev.jsonl (real): 2 messages left out, they are among the training ones" in report.notes
    assert report.trained == 250


@pytest.mark.acceptance
def test_what_is_missing_is_said(report: quality.Report) -> None:
    notes = " ".join(report.notes)
    assert "pool-held-out.jsonl (real) was skipped: there is no unlabelled.jsonl.gz" in notes
    assert "the peers had no train.jsonl" in notes
    assert "a trial: peers saw at most 250 messages" in notes


@pytest.mark.acceptance
def test_tables_hold_every_figure_and_contestant(report: quality.Report) -> None:
    text = tables.markdown(report)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for figure in ("complaint macro-F1", "severity kappa", "guarantee macro-F1"):
        assert sum(row.startswith(f"| {figure} ") for row in rows) == 2
    assert {row.count("|") for row in rows} == {5}
    assert all(line in text for line in ("recupera", "TF-IDF + LR", "ahead of the best peer"))
    console = Console(width=120, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115
    console.print(tables.terminal(report, "dev.jsonl (real)"))
    assert "severity kappa" in console.export_text()
    console.file.close()


def test_a_missing_package_leaves_its_peer_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(*_: object) -> list[peers.Peer]:
        raise ModuleNotFoundError("no", name="setfit")

    monkeypatch.setattr(peers, "choose", missing)
    notes = quality.choose_peers(("setfit",), recipe=None)[1]  # type: ignore[arg-type]
    assert notes == ["peer setfit was left out: setfit is not installed"]


@pytest.mark.parametrize("wrong", [["--subset", "0"], ["--peers", "nobody"], ["--only", "nothing"]])
def test_wrong_options_are_refused(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", *wrong])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert wrong[0] in capsys.readouterr().err
