import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from classifier.calibration import Calibration
from classifier.cli import app
from classifier.errors import InputError
from classifier.records import Record
from classifier.taxonomy import TASK_BY_ID, TASKS, TaskKind
from tests.conftest import CORPORA
from training.active_learning import make_pool, parse_shares, quotas, review_rows, select, uncertainty
from training.corpus import read_messages
from training.messages import Answers

SUBJECTS = ("pedido", "reembolso", "factura", "técnico", "vuelo", "seguro", "contrato", "colchón", "router", "hotel")
FAULTS = ("no llegó", "vino roto", "salió mal", "se perdió", "está sucio", "se canceló", "cuesta demasiado")
EVEN = {"es": 1.0, "pt": 1.0}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], prog_name="recupera")


def spanish(count: int) -> list[Record]:
    texts = [f"Mi {s} {f} y quiero una solución del {o}" for s in SUBJECTS for f in FAULTS for o in SUBJECTS if o != s]
    chosen = np.random.default_rng(1).permutation(len(texts))[:count]
    return [Record(i + 1, f"es-{i}", texts[j], "es") for i, j in enumerate(chosen)]


def portuguese(count: int) -> list[Record]:
    changes = {"Mi ": "Meu ", " y quiero una solución del ": " e não sei o que fazer com o "}
    records = []
    for record in spanish(count):
        text = record.text
        for spoken, other in changes.items():
            text = text.replace(spoken, other)
        records.append(Record(record.line, record.id.replace("es", "pt"), text, "pt"))
    return records


def answers(sure: Sequence[float]) -> Answers:
    """Return answers whose likeliest label has the probability ``sure`` in every task."""
    share = np.asarray(sure, dtype=np.float64)
    found = {}
    for task in TASKS:
        if task.kind in (TaskKind.FLAG, TaskKind.MULTI):
            found[task.id] = np.repeat(share[:, None], task.width, axis=1)
        else:
            rest = np.repeat(((1 - share) / (task.width - 1))[:, None], task.width - 1, axis=1)
            found[task.id] = np.hstack([share[:, None], rest])
    logits = np.zeros((len(share), sum(t.width for t in TASKS)), dtype=np.float32)
    return Answers(logits, found, Calibration.neutral())


def test_uncertainty_is_none_where_sure_and_whole_where_every_label_is_as_likely() -> None:
    even = {
        t.id: np.full((1, t.width), 0.5 if t.kind in (TaskKind.FLAG, TaskKind.MULTI) else 1 / t.width) for t in TASKS
    }
    even["complaint"] = np.array([[0.5]])
    _, by_task = uncertainty(even)
    assert by_task["complaint"][0] == pytest.approx(1)
    assert by_task["tone"][0] == pytest.approx(1)
    assert by_task["severity"][0] == pytest.approx(0.5), "half a complaint, half of what complaints are asked"
    total, by_task = uncertainty(answers([1.0]).probabilities)
    assert total[0] == 0
    assert set(by_task) == set(TASK_BY_ID)


def test_a_message_that_is_no_complaint_is_not_uncertain_in_what_only_complaints_are_asked() -> None:
    p = dict(answers([0.5]).probabilities) | {"complaint": np.array([[0.0]])}
    assert uncertainty(p, [TASK_BY_ID["severity"], TASK_BY_ID["motive"]])[0][0] == 0
    assert uncertainty(p, [TASK_BY_ID["tone"]])[0][0] > 0.8


def test_the_pool_leaves_out_what_is_not_worth_a_label() -> None:
    records = [
        Record(1, "a", "No llegó mi pedido 45"),
        Record(2, "b", "no llegó  mi pedido 99"),
        Record(3, "c", "O produto chegou quebrado e ninguém responde"),
        Record(4, "d", "The parcel never arrived and nobody answers my emails"),
        Record(5, "e", "123 456"),
        Record(6, "f", "Quiero que me devuelvan el dinero de la cama"),
        Record(7, "g", "La habitación del hotel olía a humedad y tabaco"),
    ]
    labelled = ["quiero que me devuelvan el dinero de la cama ya"]
    pool = make_pool(records, ["es", "pt"], labelled)
    assert [c.id for c in pool.candidates] == ["a", "c", "g"]
    assert pool.words.shape[0] == 3
    assert pool.left_out == {
        "repeated or labelled already": 1,
        "another language": 1,
        "no words": 1,
        "near to a labelled one": 1,
    }
    assert [c.id for c in make_pool(records, ["pt"]).candidates] == ["c"]


def test_the_uncertain_are_chosen() -> None:
    records = spanish(400)
    sure = np.full(400, 0.97)
    sure[::8] = 0.5
    selection = select(make_pool(records, ["es"]), answers(sure), 5, {"es": 1.0})
    assert len(selection.chosen) == 5
    assert all(sure[i] == 0.5 for i in selection.chosen)


def test_the_chosen_differ_more_than_the_most_uncertain_do() -> None:
    """Half of the pool is about one thing, and a little less sure: by uncertainty alone it would fill the choice."""
    one = [Record(i, f"r{i}", f"El reembolso del hotel {word} tarda", "es") for i, word in enumerate(FAULTS * 3)]
    records, seen = [], set()
    for record in one + spanish(120):
        if record.text not in seen:
            records.append(record)
            seen.add(record.text)
    sure = np.array([0.5 if r.id.startswith("r") else 0.52 for r in records])
    pool = make_pool(records, ["es"])
    chosen = select(pool, answers(sure), 20, {"es": 1.0}).chosen
    alike = [pool.candidates[i].id for i in chosen if pool.candidates[i].id.startswith("r")]
    assert len(alike) < 6
    assert len({pool.candidates[i].text.split()[1] for i in chosen}) >= 7, "nearly every subject is there"


def test_near_repetitions_are_chosen_once() -> None:
    base = "Mi pedido no llegó y quiero que me devuelvan el dinero que pagué por él en la tienda de siempre"
    records = [Record(i, str(i), f"{base} {SUBJECTS[i]}", "es") for i in range(10)]
    assert len(select(make_pool(records, ["es"]), answers([0.5] * 10), 10, {"es": 1.0}).chosen) == 1


def test_where_the_uncertain_are_used_up_the_others_follow() -> None:
    base = "Mi pedido no llegó y quiero que me devuelvan el dinero que pagué por él en la tienda de siempre"
    repeated = [Record(i, str(i), f"{base} {chr(97 + i)}", "es") for i in range(26)]
    records = repeated + spanish(10)
    sure = np.array([0.5] * 26 + [0.9] * 10)
    chosen = select(make_pool(records, ["es"]), answers(sure), 2, {"es": 1.0}).chosen
    assert len(chosen) == 2
    assert sum(i < 26 for i in chosen) == 1


def test_both_languages_get_their_share_and_one_fills_in_for_the_other() -> None:
    records = spanish(60) + portuguese(60)
    pool = make_pool(records, ["es", "pt"])
    some = answers(np.linspace(0.5, 0.9, len(pool.candidates)))

    def chosen(shares: Mapping[str, float], count: int) -> list[str]:
        return [pool.candidates[i].language for i in select(pool, some, count, shares).chosen]

    assert (chosen(EVEN, 10).count("es"), chosen(EVEN, 10).count("pt")) == (5, 5)
    assert chosen({"es": 3.0, "pt": 1.0}, 12).count("es") == 9
    few = make_pool(spanish(60) + portuguese(2), ["es", "pt"])
    found = select(few, answers(np.full(len(few.candidates), 0.6)), 20, EVEN).chosen
    assert sorted(few.candidates[i].language for i in found) == ["es"] * 18 + ["pt"] * 2


def test_the_same_seed_chooses_the_same() -> None:
    pool = make_pool(spanish(80), ["es"])
    some = answers(np.linspace(0.5, 0.9, 80))
    first = select(pool, some, 10, {"es": 1.0}, seed=3).chosen
    assert select(pool, some, 10, {"es": 1.0}, seed=3).chosen == first
    assert select(pool, some, 10, {"es": 1.0}, seed=4).chosen != first
    assert len(set(first)) == 10


@given(
    st.integers(0, 60),
    st.dictionaries(st.sampled_from(["es", "pt"]), st.floats(0.1, 10), min_size=1),
    st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_quotas_use_all_that_is_wanted_and_no_more_than_there_is(
    count: int, shares: dict[str, float], sizes: tuple[int, int]
) -> None:
    there = {name: size for name, size in zip(("es", "pt"), sizes, strict=True) if name in shares}
    given_out = quotas(count, shares, there)
    assert sum(given_out.values()) == min(count, sum(there.values()))
    assert all(given_out[name] <= there[name] for name in shares)


def test_shares_are_read_and_mistakes_named() -> None:
    assert parse_shares("es,pt") == EVEN
    assert parse_shares("ES=3, pt=1") == {"es": 3.0, "pt": 1.0}
    for wrong in ("fr", "", "es=x", "es=0", "pt=nan", "pt=inf"):
        with pytest.raises(InputError, match="--languages"):
            parse_shares(wrong)


def test_a_row_names_what_the_model_is_unsure_of() -> None:
    pool = make_pool(spanish(3), ["es"])
    some = answers([0.9, 0.9, 0.9])
    tasks = [TASK_BY_ID["tone"], TASK_BY_ID["severity"]]
    (row,) = review_rows(pool, some, select(pool, some, 1, {"es": 1.0}, tasks=tasks), "pool")
    assert row.why.startswith("unsure of tone 0.")
    assert "severity" in row.why
    assert (row.source, row.labels["complaint"], row.labels["tone"]) == ("pool", True, "calm")


def messages(path: Path, count: int = 60) -> Path:
    lines = (CORPORA / "validation.jsonl").read_text(encoding="utf-8").splitlines()[:count]
    rows = [json.loads(line) for line in lines]
    path.write_text("\n".join(json.dumps({"id": r["id"], "text": r["text"]}) for r in rows), encoding="utf-8")
    return path


def test_from_messages_to_a_corpus_on_the_command_line(tmp_path: Path) -> None:
    pool, sheet, labelled = messages(tmp_path / "pool.jsonl"), tmp_path / "review.csv", tmp_path / "labelled.jsonl"
    with pool.open("a", encoding="utf-8") as file:
        file.write("\n" + json.dumps({"id": "long", "text": "hola " * 5000}) + "\nbroken\n")
    result = run("select", pool, "--count", 8, "--output", sheet, "--names", "es", "--task", "severity")
    assert result.exit_code == 0, result.output
    assert "8 of 60 messages chosen: es 4, pt 4" in result.output
    assert "not readable 2" in result.output
    assert "line 61: text has 25,000 characters" in result.stderr
    header, *rows = csv.reader(io.StringIO(sheet.read_text("utf-8-sig"), newline=""), delimiter=";")
    for row in rows[:3]:
        row[header.index("reviewed")], row[header.index("complaint")] = "sí", "sí"
    with sheet.open("w", encoding="cp1252", errors="replace", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    back = run("select", "--import", sheet, "--output", labelled)
    assert back.exit_code == 0, back.output
    assert "3 of 8 rows are reviewed" in back.output
    assert "read as Windows-1252" in back.stderr
    assert [e.id for e in read_messages(labelled)] == [row[0] for row in rows[:3]]
    again = run("select", pool, "--count", 60, "--labelled", labelled, "--output", tmp_path / "more.csv", "--json")
    summary = json.loads(again.stdout)
    assert summary["candidates"] == 57
    assert summary["uncertainty"]["all tasks"]["chosen"] > 0


def test_messages_of_one_thread_are_chosen_and_imported(tmp_path: Path) -> None:
    pool, sheet, labelled = tmp_path / "pool.csv", tmp_path / "review.csv", tmp_path / "labelled.jsonl"
    texts = [record.text for record in spanish(30)]
    pool.write_text("id,text\n" + "\n".join(f"T{i // 10},{t}" for i, t in enumerate(texts)), encoding="utf-8")
    chosen = run("select", pool, "--count", 8, "--languages", "es", "--output", sheet)
    assert chosen.exit_code == 0, chosen.output
    header, *rows = csv.reader(io.StringIO(sheet.read_text("utf-8-sig"), newline=""), delimiter=";")
    for row in rows:
        row[header.index("reviewed")] = "✓"
    with sheet.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    back = run("select", "--import", sheet, "--output", labelled)
    assert back.exit_code == 0, back.output
    found = read_messages(labelled)
    assert (len({e.id for e in found}), {e.text for e in found}) == (3, {row[header.index("text")] for row in rows})


def test_csv_and_parquet_with_columns_of_their_own_names(tmp_path: Path) -> None:
    texts = [record.text for record in spanish(30)]
    pq.write_table(pa.table({"body": texts, "key": list(range(30))}), tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("key;body\n" + "\n".join(f"{i};{t}" for i, t in enumerate(texts)), "utf-8")
    options = ("--text-column", "body", "--id-column", "key", "--languages", "es", "-n", 3, "--json", "--output")
    found = [run("select", tmp_path / f, *options, tmp_path / f"{f}.csv") for f in ("a.csv", "a.parquet")]
    assert [json.loads(f.stdout)["chosen"] for f in found] == [{"es": 3}, {"es": 3}]
    sheets = [(tmp_path / f"{f}.csv").read_text("utf-8-sig") for f in ("a.csv", "a.parquet")]
    assert sheets[0] == sheets[1].replace("a.parquet", "a.csv")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--output", "{}/r.csv"), "name a file of messages"),
        (("{}/a.jsonl", "--import", "{}/r.csv", "--output", "{}/o.csv"), "not both"),
        (("{}/a.jsonl", "--output", "{}/r.xlsx"), "is a .csv"),
        (("{}/a.jsonl", "--output", "{}/r.csv", "--task", "mood"), "--task mood: must be one of complaint"),
        (("{}/a.jsonl", "--output", "{}/r.csv", "--languages", "fr"), "must be of es, pt"),
        (("{}/a.jsonl", "--output", "{}/r.csv"), "nothing to choose from; left out: another language 1"),
        (("{}/none.jsonl", "--output", "{}/r.csv"), "there is no file"),
        (("--import", "{}/r.csv", "--output", "{}/r.csv"), "with --import the output is a .jsonl"),
        (("--import", "{}/r.csv", "--corpus", "{}/a.jsonl", "--output", "{}/a.jsonl"), "is the corpus itself"),
        (("--import", "{}/none.csv", "--output", "{}/o.jsonl"), "No such file"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "The parcel never arrived and nobody answers my emails"}')
    result = run("select", *(a.format(tmp_path) for a in arguments))
    assert result.exit_code == 2
    assert reason in result.stderr
    assert not (tmp_path / "r.csv").exists()


@pytest.mark.parametrize("command", ["select", "noise", "drift"])
def test_help_has_an_example(command: str) -> None:
    assert f"Example: recupera {command}" in run(command, "--help").output
