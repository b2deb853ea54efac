from __future__ import annotations

import pytest

from classifier.neutral import one_wording
from classifier.neutral.grammar import gerund, preterite


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
