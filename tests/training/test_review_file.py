import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import InputError
from classifier.taxonomy import TASKS, TaskKind
from training.corpus import read_messages, text_hash
from training.corrections import corpus_rows, corrected, write_jsonl
from training.review_file import (
    COLUMNS,
    ReviewRow,
    guard,
    legend_path,
    read_review,
    read_sheet,
    unguard,
    write_review,
)

LABELS = {
    "complaint": True,
    "motive": ["restitution", "altruism"],
    "severity": "high",
    "justice": ["outcome"],
    "quality": "reliability",
    "touchpoint": "fulfilment",
    "tone": "upset",
    "guarantee": False,
    "conduct": "none",
}
ROW = ReviewRow("1", "No llegó mi pedido.", "es", LABELS, "tienda", "unsure of tone 0.80")
SPREADSHEET_RUNS = "=+-@\t\r"


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), delimiter=";"))


def reviewed(path: Path, *changes: dict[str, str], separator: str = ";", encoding: str = "utf-8-sig") -> Path:
    """Do what a person does: change cells, mark rows as reviewed, save."""
    header, *rows = rows_of(path)
    for row, change in zip(rows, changes or ({},) * len(rows), strict=False):
        for name, value in {"reviewed": "yes", **change}.items():
            row[header.index(name)] = value
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows([header, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def review(folder: Path, *rows: ReviewRow, language: str | None = None) -> Path:
    path = folder / "review.csv"
    path.unlink(missing_ok=True)
    write_review(path, rows or (ROW,), language=language)
    return path


def test_what_is_written_reads_back_as_a_corpus_that_train_takes(tmp_path: Path) -> None:
    no = ReviewRow("2", "Gracias por todo.", "es", {"complaint": False, "touchpoint": "support", "tone": "calm"})
    (first, second) = read_review(reviewed(review(tmp_path, ROW, no)))
    assert (first.id, first.text, first.language, first.source) == ("1", ROW.text, "es", "tienda")
    assert (first.labels, second.labels) == (LABELS, no.labels)
    write_jsonl(tmp_path / "labelled.jsonl", corpus_rows([first, second]))
    assert read_messages(tmp_path / "labelled.jsonl") == [first, second]


def test_the_file_opens_in_a_spreadsheet_and_says_what_it_may_hold(tmp_path: Path) -> None:
    path = review(tmp_path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid;")
    assert rows_of(path)[0] == list(COLUMNS)
    legend = rows_of(legend_path(path))
    assert {(row[0], row[1]) for row in legend} >= {(t.id, label.id) for t in TASKS for label in t.labels}
    assert next(row[3:6] for row in legend if row[1] == "fulfilment") == ["entrega", "entrega", "fulfilment"]


@pytest.mark.parametrize("language", [None, "es", "pt", "en"])
def test_labels_are_read_by_id_and_by_name(tmp_path: Path, language: str | None) -> None:
    for task in TASKS:
        for label in task.labels:
            value: Any = [label.id] if task.kind is TaskKind.MULTI else label.id
            value = label.id == "yes" if task.kind is TaskKind.FLAG else value
            labels = LABELS | {task.id: value}
            path = review(tmp_path, replace(ROW, labels=labels), language=language)
            expected = labels if labels["complaint"] else {k: labels[k] for k in ("complaint", "touchpoint", "tone")}
            assert read_review(reviewed(path))[0].labels == expected


@pytest.mark.parametrize(
    ("task", "cell", "found"),
    [
        ("motive", "restitución, desahogo", ["restitution", "venting"]),
        ("motive", "ALTRUÍSMO ;restituicao; altruism", ["altruism", "restitution"]),
        ("severity", " Crítica ", "critical"),
        ("conduct", "Rule-Breaker", "rule_breaker"),
        ("touchpoint", "cancelación", "termination"),
        ("severity", "baja", "low"),
        ("guarantee", "VERDADERO", True),
        ("guarantee", "Sí", True),
        ("guarantee", "não", False),
        ("complaint", "x", True),
        ("complaint", "✓", True),
        ("complaint", "✔\ufe0f", True),
        ("guarantee", " ☑ ", True),
        ("guarantee", "✅", True),
        ("guarantee", "\u200b ", False),
    ],
)
def test_people_write_as_they_like(tmp_path: Path, task: str, cell: str, found: object) -> None:
    assert read_review(reviewed(review(tmp_path), {task: cell}))[0].labels[task] == found


def test_a_message_that_is_no_complaint_after_all_loses_what_only_complaints_have(tmp_path: Path) -> None:
    (example,) = read_review(reviewed(review(tmp_path), {"complaint": "no"}))
    assert example.labels == {"complaint": False, "touchpoint": "fulfilment", "tone": "upset"}


def test_an_empty_cell_is_no_label(tmp_path: Path) -> None:
    assert "severity" not in read_review(reviewed(review(tmp_path), {"severity": " "}))[0].labels


@pytest.mark.parametrize("cell", ["?", "¿?", "—", "-", "'-", "👍", "✗", "✓?", "?✓"])
@pytest.mark.parametrize("column", ["complaint", "guarantee", "reviewed"])
def test_signs_are_neither_yes_nor_no(tmp_path: Path, column: str, cell: str) -> None:
    with pytest.raises(InputError, match=f"row 2, column {column}: .* is none of yes"):
        read_review(reviewed(review(tmp_path), {column: cell}))


def test_a_tick_says_that_a_row_is_reviewed(tmp_path: Path) -> None:
    assert len(read_review(reviewed(review(tmp_path), {"reviewed": "✔️"}))) == 1


@pytest.mark.parametrize("mark", ["", "no", "não", "FALSO"])
def test_rows_that_nobody_reviewed_are_left_out(tmp_path: Path, mark: str) -> None:
    path = reviewed(review(tmp_path, ROW, replace(ROW, id="2")), {"reviewed": mark}, {"reviewed": "Sim"})
    sheet = read_sheet(path)
    assert ([e.id for e in sheet.examples], sheet.rows) == (["2"], 2)


def test_what_is_wrong_is_named_by_row_column_and_allowed_values(tmp_path: Path) -> None:
    long = "esto es un mensaje que se ha colado en otra columna"
    second, third, fourth = (replace(ROW, id=str(i)) for i in (2, 3, 4))
    path = reviewed(
        review(tmp_path, replace(ROW, text="a\nb\nc"), second, third, fourth, ROW),
        {"severity": "grave"},
        {"tone": long, "severity": "high"},
        {"complaint": ""},
        {"language": "fr"},
        {},
    )
    with pytest.raises(InputError) as caught:
        read_review(path)
    message = str(caught.value)
    assert "row 2, column severity: 'grave' is none of low (baja, baixa), moderate (moderada, moderada)" in message
    assert f"row 3, column tone: a text of {len(long)} characters is none of calm" in message
    assert long not in message
    assert "row 4, column complaint: is empty; it must be one of no (no, não), yes (sí, sim)" in message
    assert "row 5, column language: must be one of es, pt" in message
    assert "row 6" not in message


def test_a_message_may_be_there_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 3, column id: the message is in row 2 too"):
        read_review(reviewed(review(tmp_path, ROW, ROW)))


def test_two_messages_may_have_one_id(tmp_path: Path) -> None:
    rows = ROW, replace(ROW, text="Sigue sin llegar."), replace(ROW, text="Sigue sin llegar.", source="hotel")
    assert [(e.id, e.source, e.text) for e in read_review(reviewed(review(tmp_path, *rows)))] == [
        (row.id, row.source, row.text) for row in rows
    ]


def test_a_quotation_mark_that_is_never_closed_takes_no_rows_along(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('reviewed;id;text;language;complaint\nno;1;"hola;es;no\nsí;2;Llegó roto;es;sí\n', encoding="utf-8")
    reason = r"a\.csv, line 2: not valid CSV: a quotation mark is opened here and never closed"
    with pytest.raises(InputError, match=reason):
        read_review(path)


def test_of_many_mistakes_the_first_ten_are_told(tmp_path: Path) -> None:
    rows = [replace(ROW, id=str(i)) for i in range(14)]
    with pytest.raises(InputError, match="and 4 more"):
        read_review(reviewed(review(tmp_path, *rows), *({"tone": "?"} for _ in rows)))


@pytest.mark.parametrize(("separator", "encoding"), [(",", "utf-8"), ("\t", "utf-16"), (";", "utf-8-sig")])
def test_spreadsheets_save_in_their_own_way(tmp_path: Path, separator: str, encoding: str) -> None:
    text = "Não chegou; é o 2.º \N{UMBRELLA WITH RAIN DROPS}, já\nchega"
    sheet = read_sheet(reviewed(review(tmp_path, replace(ROW, text=text)), separator=separator, encoding=encoding))
    assert (sheet.examples[0].text, sheet.unicode) == (text, True)


def test_windows_encoding_blank_rows_and_translated_headers_are_understood(tmp_path: Path) -> None:
    content = "sep=;\r\nid;idioma;texto;Queja;Gravedad;revisado\r\n;;;;;\r\n7;es;Llegó roto;sí;Crítica;sí\r\n"
    (tmp_path / "a.csv").write_bytes(content.encode("cp1252"))
    sheet = read_sheet(tmp_path / "a.csv")
    assert not sheet.unicode
    assert sheet.examples[0].labels == {"complaint": True, "severity": "critical"}
    assert (sheet.examples[0].text, sheet.rows) == ("Llegó roto", 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no column id"), (b"id;text\n1;hola\n", "no column language, complaint, reviewed")],
)
def test_a_table_that_is_none_of_ours(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read_review(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("sí;7", "row 2, column text: must have 1 to 20,000 characters"),
        ("sí;;hola;es;sí", "row 2, column id: is empty"),
        ("sí;7;hola; qué tal;es;sí", "row 2, it has 6 cells, the header 5"),
        ("quizá;7;hola;es;sí", "row 2, column reviewed: 'quizá' is none of yes"),
    ],
)
def test_rows_with_too_little_or_too_much(tmp_path: Path, row: str, reason: str) -> None:
    (tmp_path / "a.csv").write_text(f"reviewed;id;text;language;complaint\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        read_review(tmp_path / "a.csv")


def test_files_that_are_not_there_or_no_csv(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_review(tmp_path / "none.csv")
    with pytest.raises(InputError, match="save the sheet as CSV"):
        read_review(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match=r"is a \.csv"):
        write_review(tmp_path / "a.xlsx", [ROW])
    with pytest.raises(InputError, match="no folder"):
        write_review(tmp_path / "b" / "a.csv", [ROW])


def test_somebodys_work_is_never_written_over(tmp_path: Path) -> None:
    path = reviewed(review(tmp_path))
    before = path.read_bytes()
    with pytest.raises(InputError, match="is there already"):
        write_review(path, [ROW])
    assert path.read_bytes() == before


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
RISKY = st.builds(lambda start, rest: start + rest, st.sampled_from([*SPREADSHEET_RUNS, "'", " =", "\n@", "＝"]), TEXTS)


@given(TEXTS | RISKY)
def test_no_cell_runs_and_every_cell_comes_back(text: str) -> None:
    cell = guard(text)
    assert unguard(cell) == text
    assert cell.lstrip(" \n")[:1] not in {*SPREADSHEET_RUNS, "＝", "＋", "－", "＠"}


@given(st.lists(TEXTS | RISKY, min_size=1, max_size=5))
def test_every_text_reads_back_to_the_same(texts: list[str]) -> None:
    import tempfile

    rows = [ReviewRow(str(i), text, "pt", LABELS) for i, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        sheet = read_review(reviewed(review(Path(folder), *[row for row in rows if row.text.strip()])))
    assert [e.text for e in sheet] == [text for text in texts if text.strip()]


@pytest.mark.parametrize(
    "cell", ["0042", "12/03", "1E5", "3-4", "mar-1", "12 ene", "3 fev", "10:30", "12345678901234567"]
)
def test_what_a_spreadsheet_would_convert_is_kept_as_text(cell: str) -> None:
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["42", "0", "es-es-0001", "2 semanas sin luz", "Hola", "", "¿Y mi pedido 42?"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert guard(cell) == cell


def test_corrections_go_back_into_their_corpus(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    rows = [
        {"id": "1", "source": "tienda", "lang": "es", "variety": "es-ES", "text": "No llegó.", "labels": LABELS},
        {"id": "1", "source": "hotel", "sha256": "0", "labels": LABELS},
    ]
    corpus.write_text("\n".join(map(json.dumps, rows)) + "\n")
    found = read_review(reviewed(review(tmp_path), {"severity": "low"}))
    assert corrected(corpus, found) == [{**rows[0], "labels": LABELS | {"severity": "low"}}, rows[1]]
    with pytest.raises(InputError, match="has no message 9"):
        corrected(corpus, [replace(found[0], id="9")])
    corpus.write_text('{"id": "1"}\n[')
    with pytest.raises(InputError, match=r"corpus\.jsonl:1: not a labelled message"):
        corrected(corpus, found)


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path


def test_of_messages_with_one_id_that_of_the_text_is_corrected(tmp_path: Path) -> None:
    texts = ["No llegó mi pedido.", "Sigue   sin llegar.", "Sigue sin llegar."]
    rows = [{"id": 1, "source": "tienda", "lang": "es", "text": text, "labels": LABELS} for text in texts]
    standoff = [{k: row[k] for k in ("id", "source", "labels")} | {"sha256": text_hash(row["text"])} for row in rows]
    low, high = LABELS | {"severity": "low"}, LABELS | {"severity": "critical"}
    (later,) = read_review(reviewed(review(tmp_path, replace(ROW, text=texts[2])), {"severity": "low"}))
    found = corrected(written(tmp_path / "corpus.jsonl", *rows), [later])
    assert [row["labels"] for row in found] == [LABELS, low, low], "that of two spaces reads as the same"
    found = corrected(written(tmp_path / "labels.jsonl", *standoff), [later])
    assert [row["labels"] for row in found] == [LABELS, LABELS, low]
    first = replace(later, text=texts[0], labels=high)
    for path in (tmp_path / "corpus.jsonl", tmp_path / "labels.jsonl"):
        assert [row["labels"] for row in corrected(path, [later, first])][::2] == [high, low]
        with pytest.raises(InputError, match="which message is 1"):
            corrected(path, [replace(later, text="Otra cosa.")])
    with pytest.raises(InputError, match="which message is 1"):
        corrected(written(tmp_path / "one.jsonl", rows[0]), [first, later])


def test_a_message_that_is_there_twice_alike_is_corrected_twice(tmp_path: Path) -> None:
    row = {"id": "1", "source": "tienda", "lang": "es", "text": ROW.text, "labels": LABELS}
    corpus = written(tmp_path / "corpus.jsonl", row, row)
    corpus.write_bytes(b"\xef\xbb\xbf" + corpus.read_bytes())
    found = read_review(reviewed(review(tmp_path), {"severity": "low", "text": "No llegó mi pedido ."}))
    assert [row["labels"]["severity"] for row in corrected(corpus, found)] == ["low", "low"]
