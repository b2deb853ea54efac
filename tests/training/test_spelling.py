from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from training.spelling import Count, lines, main, read_messages


def counted(*texts: str, language: str = "es", times: int = 3) -> dict[str, str]:
    count = Count()
    for text in texts * times:
        count.add(text, language)
    place = 0 if language == "es" else 2
    return {line.split("\t")[place].lower(): line.split("\t")[place] for line in lines(count)}


def test_an_accent_is_right_where_many_leave_it_out() -> None:
    assert "devolución" in counted("la devolución", "una devolucion", "su devolucion")
    assert "solo" in counted(*["solo eso"] * 9, "sólo eso")


def test_names_need_many_messages_and_keep_their_capital() -> None:
    assert "quintanilla" not in counted("hablé con Quintanilla")
    assert counted("hablé con Quintanilla", times=25)["quintanilla"] == "Quintanilla"


def test_what_is_shouted_only_is_written_so() -> None:
    assert counted("mi DNI no sirve")["dni"] == "DNI"
    assert counted("NO QUIERO NADA MÁS")["quiero"] == "quiero"


def test_a_word_of_one_message_is_left_out() -> None:
    assert counted("una rareza", times=1) == {}


def test_a_frequent_slip_is_no_word() -> None:
    count = Count()
    for _ in range(300):
        count.add("mi producto", "es")
    for _ in range(3):
        count.add("mi prodcuto y mis productos", "es")
    words = {line.split("\t")[0] for line in lines(count)}
    assert words == {"mi", "mis", "producto", "productos", "y"}


def test_languages_are_counted_apart() -> None:
    count = Count()
    for _ in range(4):
        count.add("el número", "es")
        count.add("o numero", "pt")
    assert "número\t2.2\tnumero\t2.2" in set(lines(count))


def test_what_figures_are_measured_on_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "standoff").mkdir()
    (tmp_path / "standoff" / "pool-held-out.jsonl").write_text('{"id": "b"}\n')
    rows = [{"id": name, "text": f"texto {name}", "language": "es"} for name in "ab"]
    for name in ("written", "validation"):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert list(read_messages(None, tmp_path)) == [("texto a", "es")]


def test_the_list_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "training.spelling.read_messages", lambda _: iter([("Hola, soy Ximena y sigo sin dinero", "es")] * 2)
    )
    main(["--output", str(tmp_path / "words.gz")])
    words = gzip.decompress((tmp_path / "words.gz").read_bytes()).decode()
    assert "dinero" in words
    assert "imena" not in words
    assert "words, 0 kB" in capsys.readouterr().out


def test_a_folder_without_messages_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path / "typo"), "--output", str(tmp_path / "words.gz")])
    assert "neither train.jsonl nor unlabelled.jsonl.gz" in capsys.readouterr().err
    assert not (tmp_path / "words.gz").exists()
