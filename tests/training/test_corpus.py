import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from classifier.errors import InputError
from training.corpus import check_labels, read_messages, read_standoff, sample, split, text_hash

COMPLAINT = {
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
CORPORA = sorted((Path(__file__).parents[2] / "training" / "corpora").glob("*.jsonl"))


def row(**changes: Any) -> dict[str, Any]:
    return {"id": "1", "lang": "es", "text": "No llegó mi pedido.", "labels": COMPLAINT} | changes


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows), encoding="utf-8")
    return path


def test_a_message_is_read_as_the_model_reads_it(tmp_path: Path) -> None:
    (example,) = read_messages(write(tmp_path / "a.jsonl", row(text="No  llegoooooo\u200b", source="web")))
    assert (example.id, example.language, example.source) == ("1", "es", "web")
    assert example.text == "No llegooo"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{", "not valid JSON"),
        ("[]", "not a JSON object"),
        (row(text=""), "text must be"),
        (row(text=None), "text must be"),
        (row(lang="fr"), "lang must be"),
        ({"id": "1", "lang": "es", "text": "x"}, "labels is missing"),
        (row(labels={"touchpoint": "use"}), "complaint"),
        (row(labels=COMPLAINT | {"severity": "huge"}), "labels.severity is 'huge'"),
        (row(labels=COMPLAINT | {"motive": []}), "labels.motive"),
        (row(labels=COMPLAINT | {"motive": ["venting", "venting"]}), "labels.motive"),
        (row(labels=COMPLAINT | {"mood": "sad"}), "unknown tasks: mood"),
        (row(labels=None), "labels must be an object"),
        (row(labels=["venting"]), "labels must be an object"),
        (row(labels="venting"), "labels must be an object"),
        (row(labels=COMPLAINT | {"motive": [["venting"]]}), "labels.motive is [['venting']]"),
        (row(labels=COMPLAINT | {"motive": "venting"}), "labels.motive is 'venting'"),
        (row(labels=COMPLAINT | {"severity": ["high"]}), "labels.severity is ['high']"),
        (row(labels={"complaint": False, "severity": "low"}), "only a complaint has severity"),
        (row(labels={"complaint": False, "tone": "calm", "motive": ["venting"]}), "only a complaint has motive"),
        (row(id=["1"]), "id must be"),
        (row(family={"a": 1}), "family must be"),
        (row(lang=["es"]), "lang must be"),
        (row(labels=COMPLAINT | {"complaint": False}), "only a complaint has"),
        (row(labels={"complaint": False}), "labels.complaint is not the same as at"),
        (row(labels=COMPLAINT | {"motive": ["altruism"]}), "labels.motive is not the same as at"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_the_first_wrong_line_is_named(tmp_path: Path, bad: object, reason: str) -> None:
    path = write(tmp_path / "a.jsonl", row(), "", bad)
    with pytest.raises(InputError, match=r"a\.jsonl:3: ") as caught:
        read_messages(path)
    assert reason in str(caught.value)


def test_labels_may_be_partial() -> None:
    check_labels({"complaint": True, "severity": "low"})
    check_labels({"complaint": False, "touchpoint": "use", "tone": "calm"})


def test_a_message_may_be_labelled_twice_alike_and_an_id_may_have_two_texts(tmp_path: Path) -> None:
    rows = row(), row(labels={"complaint": True}), row(text="Gracias.", labels={"complaint": False})
    assert len(read_messages(write(tmp_path / "a.jsonl", *rows))) == 3


@pytest.mark.parametrize(
    "content",
    [b"{}", b"", gzip.compress(b"{}" * 999, mtime=0)[:-12], gzip.compress(b"{}", mtime=0)[:12] + b"?" * 9],
    ids=["plain", "empty", "cut", "broken"],
)
def test_what_is_no_gzip_file_is_named(tmp_path: Path, content: bytes) -> None:
    (path := tmp_path / "bad.jsonl.gz").write_bytes(content)
    if content:
        with pytest.raises(InputError, match=r"bad\.jsonl\.gz: not a whole gzip file.*: \S"):
            read_messages(path)
    else:
        assert read_messages(path) == []


def test_a_split_keeps_families_together_and_survives_added_data(tmp_path: Path) -> None:
    rows = [row(id=str(i), text=f"mensaje {i}", family=f"f{i // 5}") for i in range(500)]
    examples = read_messages(write(tmp_path / "a.jsonl", *rows))
    kept, held = split(examples, 0.2, 1)
    assert not {e.family for e in kept} & {e.family for e in held}
    assert 0.1 < len(held) / len(examples) < 0.3
    fewer = split(examples[:250], 0.2, 1)[1]
    assert fewer == [e for e in held if int(e.id) < 250]
    assert split(examples, 0.2, 2)[1] != held


def test_a_smaller_sample_is_a_part_of_a_larger_one_and_keeps_families_whole(tmp_path: Path) -> None:
    rows = [row(id=str(i), text=f"mensaje {i}", family=f"f{i // 5}") for i in range(1000)]
    examples = read_messages(write(tmp_path / "a.jsonl", *rows))
    small, large = sample(examples, 0.125, 1), sample(examples, 0.5, 1)
    assert 0.06 < len(small) / len(examples) < 0.2
    assert 0.4 < len(large) / len(examples) < 0.6
    assert {e.id for e in small} < {e.id for e in large}
    assert not {e.family for e in large} & {e.family for e in examples if e not in large}
    assert sample(examples, 1.0, 1) == examples


def test_standoff_labels_find_their_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts = [{"id": str(i), "source": "s", "lang": "pt", "text": f"não chegou {i}"} for i in range(3)]
    path = tmp_path / "texts.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, texts)).encode()))
    labels = [
        {"id": "0", "source": "s", "sha256": text_hash("não chegou 0"), "labels": COMPLAINT},
        {"id": "1", "source": "s", "sha256": text_hash("outro texto"), "labels": COMPLAINT},
        {"id": "9", "source": "s", "sha256": text_hash("não chegou 9"), "labels": COMPLAINT},
    ]
    file = write(tmp_path / "labels.jsonl", *labels)
    assert [e.id for e in read_standoff(file, path)] == ["0"]
    (told,) = caplog.messages
    assert f"{file}: 2 of 3 labels were not joined: of 1 there is no text in {path}, and of 1 another one" in told


@pytest.mark.parametrize(
    ("labelled", "text", "reason"),
    [
        ({"labels": ...}, {}, r"labels\.jsonl:1: labels is missing"),
        ({"sha256": ...}, {}, r"labels\.jsonl:1: sha256 is missing"),
        ({"id": ["1"]}, {}, r"labels\.jsonl:1: id must be"),
        ({"labels": None}, {}, r"labels\.jsonl:1: labels must be an object"),
        ({}, {"text": ...}, r"texts\.jsonl:1: text is missing"),
        ({}, {"text": None}, r"texts\.jsonl:1: text must be"),
        ({}, {"source": {}}, r"texts\.jsonl:1: source must be"),
    ],
)
def test_of_standoff_labels_and_texts_the_wrong_line_is_named(
    tmp_path: Path, labelled: dict[str, Any], text: dict[str, Any], reason: str
) -> None:
    whole = row(source="s")
    label = {"id": "1", "source": "s", "sha256": text_hash(whole["text"]), "labels": COMPLAINT}
    texts, labels = (
        write(tmp_path / name, {k: v for k, v in (given | changes).items() if v is not ...})
        for name, given, changes in (("texts.jsonl", whole, text), ("labels.jsonl", label, labelled))
    )
    with pytest.raises(InputError, match=reason):
        read_standoff(labels, texts)


@pytest.mark.parametrize("path", CORPORA, ids=lambda p: p.stem)
def test_the_repositorys_own_corpora_are_sound(path: Path) -> None:
    examples = read_messages(path)
    assert len({e.id for e in examples}) == len(examples)
    assert len({e.text.casefold() for e in examples}) == len(examples), "the same text twice"


@pytest.mark.parametrize(("labelled", "there"), [(7, "7"), ("7", 7), (7, 7.0)])
def test_standoff_labels_find_a_text_whose_id_is_a_number_in_one_and_text_in_the_other(
    tmp_path: Path, labelled: object, there: object
) -> None:
    text = "O pedido não chegou"
    label = {"id": labelled, "source": None, "sha256": text_hash(text), "labels": COMPLAINT}
    rows = [(1, {"id": there, "source": "", "lang": "pt", "text": text})]
    assert [e.text for e in read_standoff(write(tmp_path / "labels.jsonl", label), rows)] == [text]
