"""Numbers and the names of what was measured, as each language writes them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from classifier.taxonomy import TASK_BY_ID

Words = tuple[str, str, str]
"""The same in English, Spanish and Portuguese."""

_ORDER: Final = ("en", "es", "pt")

_WORDS: Final[MappingProxyType[str, Words]] = MappingProxyType(
    {
        "figure": ("figure", "medida", "medida"),
        "messages": ("messages", "mensajes", "mensagens"),
        "all": ("all", "todos", "todas"),
        "es": ("Spanish", "español", "espanhol"),
        "pt": ("Portuguese", "portugués", "português"),
        "before": ("before", "antes", "antes"),
        "now": ("now", "ahora", "agora"),
        "difference": ("difference", "diferencia", "diferença"),
        "main accuracy": ("main label right", "etiqueta principal acertada", "rótulo principal certo"),
        "change": ("change", "cambio", "mudança"),
        "pairs": ("pairs", "pares", "pares"),
        "any": ("any of the nine", "alguna de las nueve", "alguma das nove"),
        "four": (
            "complaint, motive, severity or justice",
            "queja, motivo, gravedad o justicia",
            "reclamação, motivo, gravidade ou justiça",
        ),
        "limit": ("limit", "límite", "limite"),
        "gap": ("gap", "diferencia", "diferença"),
        "ahead of the best peer": (
            "ahead of the best peer",
            "ventaja sobre el mejor rival",
            "vantagem sobre o melhor rival",
        ),
        "static embeddings": ("static embeddings", "vectores estáticos", "vetores estáticos"),
        "SetFit, few-shot": ("SetFit, few-shot", "SetFit, pocos ejemplos", "SetFit, poucos exemplos"),
        "SetFit body + LR on all": (
            "SetFit body + LR on all",
            "cuerpo de SetFit + RL con todos",
            "corpo do SetFit + RL com todas",
        ),
        "TF-IDF + LR": ("TF-IDF + LR", "TF-IDF + RL", "TF-IDF + RL"),
        "task": ("task", "tarea", "tarefa"),
        "texts": ("texts", "textos", "textos"),
        "deletion": ("when deleted", "al quitarla", "quando retirada"),
        "alone": ("alone", "sola", "sozinha"),
        "context": ("in half of the text", "en medio texto", "em metade do texto"),
        "probe": ("known answers", "respuestas conocidas", "respostas conhecidas"),
        "messages right": ("messages right", "mensajes acertados", "mensagens certas"),
        "probes right": ("pairs right", "pares acertados", "pares certos"),
        "first names, same gender": (
            "first name, same gender",
            "nombre de pila, mismo género",
            "nome próprio, mesmo gênero",
        ),
        "first names, other gender": (
            "first name, other gender",
            "nombre de pila, otro género",
            "nome próprio, outro gênero",
        ),
        "cities": ("city", "ciudad", "cidade"),
        "company names": ("company", "empresa", "empresa"),
        "currency": ("currency", "moneda", "moeda"),
        "wording of another variety": (
            "wording of another variety",
            "palabras de otra variedad",
            "palavras de outra variedade",
        ),
        "no accents": ("no accents", "sin tildes", "sem acentos"),
        "lower case": ("lower case", "en minúsculas", "em minúsculas"),
        "neighbouring keys": ("neighbouring keys", "teclas vecinas", "teclas vizinhas"),
        "dropped letters": ("a letter lost", "una letra menos", "uma letra a menos"),
        "doubled letters": ("a letter doubled", "una letra doble", "uma letra dobrada"),
        "abbreviations": ("chat abbreviations", "abreviaturas de chat", "abreviações de chat"),
        "signature": ("a signature below", "una firma debajo", "uma assinatura abaixo"),
        "quoted thread": ("a quoted thread below", "un hilo citado debajo", "uma conversa citada abaixo"),
        "prompt-like text": (
            "orders to a machine below",
            "órdenes a una máquina debajo",
            "ordens a uma máquina abaixo",
        ),
        "negation": ("negation", "negación", "negação"),
        "sarcasm": ("sarcasm", "sarcasmo", "sarcasmo"),
        "prompt-like text alone": (
            "orders to a machine alone",
            "solo órdenes a una máquina",
            "só ordens a uma máquina",
        ),
        "prompt-like text not obeyed": (
            "orders to a machine not obeyed",
            "órdenes a una máquina no obedecidas",
            "ordens a uma máquina não obedecidas",
        ),
        "female − male first names": (
            "women's − men's first names",
            "nombres de mujer − de hombre",
            "nomes de mulher − de homem",
        ),
        "es-AR − es-ES wording": (
            "Argentine − Spanish wording",
            "palabras de Argentina − de España",
            "palavras da Argentina − da Espanha",
        ),
        "pt-PT − pt-BR wording": (
            "Portuguese − Brazilian wording",
            "palabras de Portugal − de Brasil",
            "palavras de Portugal − do Brasil",
        ),
        "southern − northern Spain": (
            "southern − northern Spain",
            "sur − norte de España",
            "sul − norte da Espanha",
        ),
        "Latin America − Spain": ("Latin America − Spain", "América Latina − España", "América Latina − Espanha"),
        "northern − southern Brazil": (
            "northern − southern Brazil",
            "norte − sur de Brasil",
            "norte − sul do Brasil",
        ),
        "inland − coastal Portugal": (
            "inland − coastal Portugal",
            "interior − costa de Portugal",
            "interior − litoral de Portugal",
        ),
        "Brazil − Portugal": ("Brazil − Portugal", "Brasil − Portugal", "Brasil − Portugal"),
        "processor": ("processor", "procesador", "processador"),
    }
)

_THOUSANDS: Final = {"en": ",", "es": "\N{NARROW NO-BREAK SPACE}", "pt": "."}


def said(word: str, language: str) -> str:
    """Return a name in a language, of a task or of a figure such as ``severity kappa``; else the word itself."""
    if word in _WORDS:
        return _WORDS[word][_ORDER.index(language)]
    task, _, figure = word.partition(" ")
    if task not in TASK_BY_ID:
        return word
    name: str = getattr(TASK_BY_ID[task].name, language)
    return f"{name}, {said(figure, language)}" if figure else name


def number(value: float, language: str, *, digits: int = 3, sign: bool = False) -> str:
    """Write a number; Spanish and Portuguese have a decimal comma."""
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    return text if language == "en" else text.replace(".", ",")


def count(value: float, language: str) -> str:
    """Write a whole number, thousands apart; four digits stay together."""
    return f"{value:,.0f}".replace(",", _THOUSANDS[language]) if value >= 10_000 else f"{value:.0f}"


def percent(share: float, language: str, *, digits: int = 1) -> str:
    """Write a share as a percentage."""
    return f"{number(100 * share, language, digits=digits)} %"
