from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.inference import ComplaintClassifier
from classifier.limits import MAX_CHARACTERS
from classifier.preprocessing import preprocess
from classifier.quoting import has_words, is_civility, own_spans, own_words

GOLDEN = Path(__file__).parents[1] / "golden" / "quoting.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
CUT = [case for case in CASES if case["text"] != case["expected"]]

COMPLAINTS = [
    "La lavadora llegó rota y nadie contesta.",
    "quiero mi dinero ya, llevo 3 semanas esperando",
    "El lunes llamé dos veces: nada.",
    "El 3 de marzo pagué 49,90 euros",
    "Hola, buenas tardes:",
    "¿Para qué sirve la garantía?",
    "De: nada sirve quejarse.",
    "Gracias por no hacer nada.",
    "O frigorífico veio riscado e ninguém responde.",
    "já liguei cinco vezes e desligam na cara",
    "Em março paguei a fatura, em abril cobraram outra vez",
    "Muito obrigado pela demora!",
    "Bom dia,",
    "Enviado desde mi banco a otra cuenta sin permiso",
    "Enviei o comprovante do meu celular na terça.",
    "Este mensaje es para el gerente: no vuelvo.",
]
STARTS = [
    "El lun, 3 mar 2025 a las 10:12, Tienda (<a@example.com>) escribió:",
    "El lun, 3 mar 2025 a las 10:12, Departamento de Reclamos (<a@example.com>)\nescribió:",
    "El 3/3/25 a las 10:12, Tienda escribió:",
    "Em seg., 3 de mar. de 2025 às 10:12, Loja <a@example.com> escreveu:",
    "Em 3 de mar. de 2025, à(s) 10:12, Loja <\na@example.com> escreveu:",
    "Loja <a@example.com> escreveu no dia segunda, 3/03/2025 à(s) 10:12:",
    "On Mon, Mar 3, 2025 at 10:12 AM Shop <a@example.com> wrote:",
    "________________________________\nDe: Tienda <a@example.com>\nEnviado: lunes, 3 de marzo de 2025\nAsunto: RE: x",
    "De: Loja <a@example.com>\nEnviada em: segunda-feira, 3 de março de 2025 10:12\nPara: Ana\nAssunto: RES: pedido",
    "-----Mensaje original-----",
    "-----Mensagem original-----",
    "##- Por favor, escriba su respuesta sobre esta línea -##",
    "Responda acima desta linha",
]
HISTORY = [
    "Estimada clienta:",
    "Su reembolso fue rechazado.",
    "",
    "Prezado cliente,",
    "O seu pedido chegou atrasado, pedimos desculpa.",
    "Un saludo,",
    "Equipo de Soporte",
]
SIGNATURES = [
    "--\nAna Lucena\nGerente de ventas\nTel. 600 000 000",
    "Saludos cordiales,\nAna Lucena\nJefa de compras\nwww.example.com",
    "Cumprimentos,\nRui Lucena\nTlm. 910 000 000\nRua Nova, 3, 4000-001 Porto",
    "Enviado desde mi iPhone",
    "Enviado do meu Galaxy",
    "Obtener Outlook para Android",
    "AVISO LEGAL: este mensaje es confidencial y se dirige a su destinatario.\nSi no lo es, bórrelo.",
    "Esta mensagem e os seus anexos são confidenciais e destinam-se ao destinatário.",
    "Rui Lucena\nPorto\nEnviado do meu iPhone",
]

MESSAGES = st.lists(st.sampled_from(COMPLAINTS), min_size=1, max_size=5).map("\n".join)
QUOTED = st.lists(st.sampled_from(HISTORY), min_size=1, max_size=6).map(
    lambda lines: "\n".join(f"> {x}" for x in lines)
)
UNQUOTED = st.lists(st.sampled_from(HISTORY), min_size=1, max_size=6).map("\n".join)
THREADS = st.builds("{}\n\n{}".format, st.sampled_from(STARTS), QUOTED | UNQUOTED)
ENDS = st.sampled_from(["", "\n", "\n\n"])
PARTS = (
    "escribió:|El 3 mar 2025,|De: Ana|Enviado: hoy|Asunto: x|>|> >|--|---| |Ana|\t|Saludos|Pedido 4471|Gracias|PD: ya"
)
CHAT = ["[3/3/25, 10:12] Soporte: hola", "[3/3/25, 10:13] Ana: no llega"]
ANY_LINE = st.sampled_from([*COMPLAINTS, *STARTS, *HISTORY, *SIGNATURES, *CHAT, *PARTS.split("|")])
ANY_TEXT = st.lists(ANY_LINE, max_size=12).map("\n".join) | st.text(st.characters()) | st.text("> -\nAaEl3:,.@<")

own_words("a\nb")  # so that reading the lexicon is not part of any example


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_golden(case: dict[str, str]) -> None:
    assert own_words(case["text"]) == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_golden_with_the_line_breaks_of_mail(case: dict[str, str]) -> None:
    mail = case["text"].replace("\n", "\r\n")
    assert own_words(mail).replace("\r\n", "\n").rstrip("\r") == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_model_reads_the_own_words_alone(case: dict[str, str]) -> None:
    assert preprocess(case["text"]) == preprocess(case["expected"])


def test_golden_file_is_long_enough() -> None:
    assert sum(" es " in f" {case['name']}" for case in CUT) >= 40
    assert sum(" pt " in f" {case['name']}" for case in CUT) >= 40
    assert len(CASES) - len(CUT) >= 25


@given(ANY_TEXT)
def test_twice_is_once(text: str) -> None:
    once = own_words(text)
    assert own_words(once) == once


@given(ANY_TEXT)
def test_result_is_whole_lines_in_order(text: str) -> None:
    lines = iter(text.split("\n"))
    assert all(line in lines for line in own_words(text).split("\n"))


@given(ANY_TEXT)
def test_words_are_never_all_lost(text: str) -> None:
    assert has_words(own_words(text)) == has_words(text)


@given(ANY_TEXT)
def test_spans_are_the_lines_of_the_result(text: str) -> None:
    spans = own_spans(text)
    assert "\n".join(text[start:end] for start, end in spans) == own_words(text)
    assert all(before[1] < after[0] for before, after in pairwise(spans))


@given(MESSAGES, ENDS, THREADS)
def test_a_thread_changes_nothing(message: str, end: str, thread: str) -> None:
    assert own_words(f"{message}\n{end}{thread}") == own_words(message)
    assert preprocess(f"{message}\n{end}{thread}") == preprocess(message)


@given(MESSAGES, ENDS, st.sampled_from(SIGNATURES))
def test_a_signature_changes_nothing(message: str, end: str, signature: str) -> None:
    assert own_words(f"{message}\n{end}{signature}") == own_words(message)


@given(MESSAGES, st.sampled_from(SIGNATURES), THREADS)
def test_signature_and_thread_change_nothing(message: str, signature: str, thread: str) -> None:
    assert own_words(f"{message}\n\n{signature}\n\n{thread}") == own_words(message)
    assert preprocess(f"{message}\n\n{signature}\n\n{thread}") == preprocess(message)


@given(st.lists(st.sampled_from(COMPLAINTS), min_size=1, max_size=3), st.sampled_from(STARTS[:7]))
def test_answers_between_quoted_lines_stay(answers: list[str], start: str) -> None:
    mail = start + "\n" + "\n".join(f"> ¿Qué pasó con el pedido?\n{answer}" for answer in answers)
    assert own_words(mail) == "\n".join(answers)


@pytest.mark.parametrize(
    "unit",
    ["\n", "> a b\n\n", "a\n", "Ana\n", "--\n", "--\nAna\n", "De: a\n", "El lun 3 mar\n", "escribió:\n", "Saludos\n",
     "El 3, Ana escribió:\n\n", "Gracias\nAna\n", "Gracias\nPedido 1\n", "[3/3/25, 10:12] Soporte: a\n", "-", "<", "a@",
     "este mensaje y\n", "aviso legal\n", "Enviado desde mi iPhone\n", "Tel. 600 111 222\n", "a ", "A.", "gracias "],
)  # fmt: skip
def test_work_grows_with_the_length_and_no_faster(unit: str) -> None:
    half = (unit * MAX_CHARACTERS)[: MAX_CHARACTERS // 2]
    assert _calls("no llega\n" + half + half) < 2.5 * _calls("no llega\n" + half) + 2000


def _calls(text: str) -> int:
    """Count the functions called, which doesn't depend on how busy the machine is."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        own_words(text)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("unit", ["a", "a ", "1.", ",", "<a@", ">", "-", "_ ", "El 3 ", "escribió: ", "gracias y "])
def test_only_the_beginning_of_a_line_is_compared(unit: str) -> None:
    line = (unit * MAX_CHARACTERS)[:MAX_CHARACTERS]
    assert own_words(f"No llega.\n{line}\nEnviado desde mi iPhone") in (f"No llega.\n{line}", "No llega.")


def test_a_nest_that_never_settles_stays_whole() -> None:
    nest = "\n".join(["no llega", *["El 3 mar 2025, 10:12, a@example.com"] * 30, *["> x y", "escribió:"] * 30])
    assert own_words(own_words(nest)) == own_words(nest)


def test_a_forward_with_a_mere_signature_above_stays_whole() -> None:
    forward = "---------- Mensaje reenviado ----------\nDe: Ana\n\nLa silla se rompió."
    for above in ("Saludos,\nAna", "Hola:\nGracias", "Enviado desde mi iPhone"):
        assert own_words(f"{above}\n\n{forward}") == f"{above}\n\n{forward}"


def test_thanks_are_an_answer() -> None:
    thread = "El lun, 3 mar 2025 a las 10:12, Tienda <a@example.com> escribió:\n> Su silla se rompió."
    assert own_words(f"Gracias\n\n{thread}") == "Gracias"


def test_answers_of_the_model_are_those_of_the_own_words(tiny: ComplaintClassifier) -> None:
    own = "La lavadora llegó rota y nadie contesta. Exijo que me devuelvan el dinero."
    mail = f"{own}\n\n{SIGNATURES[0]}\n\n{STARTS[0]}\n\n> Su pedido fue rechazado.\n> No procede el reembolso."
    bare, whole = tiny.logits([own, mail])
    assert (bare == whole).all()


@pytest.mark.parametrize("start", [STARTS[0], STARTS[2]])
def test_evidence_is_not_sought_in_quoted_lines(tiny: ComplaintClassifier, start: str) -> None:
    own = "La lavadora llegó rota y nadie contesta. Exijo que me devuelvan el dinero hoy mismo. Son unos estafadores."
    mail = f"{own}\n\n{start}\n\n> Su pedido fue rechazado.\n> No procede el reembolso."
    answer = tiny.predict([mail], evidence=True)[0]
    for item in answer.evidence:
        assert item.end <= len(own)
        assert mail[item.start : item.end] == item.text


@pytest.mark.parametrize(
    "text",
    ["Bom dia.", "Hola!", "Buenas tardes, equipo.", "Olá Nova,", "Estimados señores:", "Hola Ana, muchas gracias.",
     "Obrigada!", "Um abraço, Rui", "Saludos cordiales, Marta Gil", "Bom dia, boa tarde"],
)  # fmt: skip
def test_a_greeting_thanks_and_a_farewell_say_nothing(text: str) -> None:
    assert is_civility(text)


@pytest.mark.parametrize(
    "text",
    ["Gracias por nada.", "Hola, no funciona", "Bom dia, e o meu reembolso?", "HOLA PÉSIMO", "Ana Gil", "", "...",
     "Saludos desde la cola de espera de siempre", "Obrigado por me terem ignorado três semanas"],
)  # fmt: skip
def test_what_says_more_is_no_civility(text: str) -> None:
    assert not is_civility(text)
