from __future__ import annotations

import pytest

from classifier.neutral import one_wording
from classifier.neutral.grammar import gerund, preterite, ustedes


@pytest.mark.parametrize(
    ("perfect", "simple"),
    [
        ("ha llegado", "llegó"),
        ("he pagado", "pagué"),
        ("he buscado", "busqué"),
        ("he empezado", "empecé"),
        ("hemos esperado", "esperamos"),
        ("han cobrado", "cobraron"),
        ("has perdido", "perdiste"),
        ("ha hecho", "hizo"),
        ("han hecho", "hicieron"),
        ("han dicho", "dijeron"),
        ("ha sido", "fue"),
        ("han devuelto", "devolvieron"),
        ("ha roto", "rompió"),
        ("he pedido", "pedí"),
    ],
)
def test_the_perfect_of_spain_is_read_as_the_past(perfect: str, simple: str) -> None:
    assert preterite(perfect.split(), 0) == simple


@pytest.mark.parametrize(
    "words", ["ha pedido", "han leido", "ha de", "ha", "habia llegado", "han lido", "ha mentido", "he ahi", "ha caido"]
)
def test_what_would_need_another_stem_stays(words: str) -> None:
    assert preterite(words.split(), 0) is None


def test_the_progressive_of_portugal_is_read_as_that_of_brazil() -> None:
    assert gerund(["estou", "a", "tentar", "ligar"], 1) == "tentando"
    assert gerund(["estou", "a", "ver"], 1) == "vendo"
    for words in ("vou a ver", "deixa a desejar", "estou a", "estou a par"):
        assert gerund(words.split(), 1) is None


def test_turns_keep_what_stands_around_them() -> None:
    assert one_wording("¡No me HAN LLAMADO, he esperado!") == "¡No me LLAMARON, esperé!"
    assert one_wording("¿Me ha, pagado?") == "¿Me ha, pagado?"
    assert one_wording("Não está. A ver se respondem.") == "Não está. A ver se respondem."


@pytest.mark.parametrize(
    ("vosotros", "others"),
    [
        ("cobrais", "cobran"),
        ("respondeis", "responden"),
        ("volveis", "vuelven"),
        ("pensais", "piensan"),
        ("enviasteis", "enviaron"),
        ("recibisteis", "recibieron"),
        ("podriais", "podrían"),
        ("tardareis", "tardarán"),
        ("estabais", "estaban"),
        ("teniais", "tenían"),
        ("sois", "son"),
        ("calais", "calan"),
        ("calentais", "calientan"),
        ("encendeis", "encienden"),
        ("podreis", "podrán"),
    ],
)
def test_vosotros_is_read_as_ustedes(vosotros: str, others: str) -> None:
    assert ustedes(vosotros) == others


@pytest.mark.parametrize("word", ["seis", "jamais", "pais", "crisis", "gratis", "dieciseis", "cobras", "luis"])
def test_what_only_ends_alike_stays(word: str) -> None:
    assert ustedes(word) is None


def test_a_pronoun_behind_the_verb_is_read_before_it() -> None:
    assert one_wording("Cobraram-me o dobro e não me avisaram.") == "Me cobraram o dobro e não me avisaram."
    assert (
        one_wording("Podem ligar-me? Não se resolve, diga-lhes isso.")
        == "Podem me ligar? Não se resolve, lhes diga isso."
    )
    assert one_wording("DERAM-ME nada do que pedi") == "ME DERAM nada do que pedi"
    assert one_wording("Fui ao médico - me atenderam mal, terça-feira não.").endswith(
        "me atenderam mal, terça-feira não."
    )


def test_what_is_said_to_several_people_in_spain_is_read_in_the_words_of_america() -> None:
    assert one_wording("No me cobráis bien, ¿habéis visto que tenéis dos quejas?") == (
        "No me cobran bien, ¿vieron que tienen dos quejas?"
    )
    assert one_wording("SOIS UNOS LADRONES") == "SON UNOS LADRONES"
