"""Postal addresses: a street and a number, and what follows of floor and door."""

from __future__ import annotations

import re
from typing import Final

from classifier.redaction.cues import words
from classifier.redaction.reading import Reading

__all__ = ["KIND", "find"]

KIND: Final = "address"

_CLEAR: Final = (
    r"calle|gran\s?v[ií]a|avenida|avda?\.?|av\.?|rua|travessa|jir[oó]n|jr\.?|pasaje|psje\.?|pje\.?|alameda|praceta|boulevard|blvd\.?|"
    r"bulevar|calzada|cal[cç]ada|urbanizaci[oó]n|cll\.?|cra\.?|kra?\.?|travess[ií]a|callej[oó]n|callejuela"
)
_UNCLEAR: Final = (
    r"c/|c\.|cl\.?|r\.|tv\.|trv\.|carrera|plaza|pza\.?|pça\.?|pra[cç]a|paseo|p\.?º|ronda|camino|caminho|carretera|"
    r"ctra\.?|diagonal|diag\.?|transversal|privada|priv\.?|cerrada|andador|circuito|prolongaci[oó]n|largo|beco|ladeira|"
    r"estrada|estr\.?|rodovia|rod\.?|quinta|viela|vereda|bairro|barrio|quadra|qd\.?|mz\.?|manzana|autopista|via|v[ií]a|rambla|costanera"
)
_LIVES: Final = (
    r"(?:vivo|vive|vivimos|resido|reside|moro|mora|moramos|habito|domiciliad[oa]|mudei|mud[eé])\s(?:en|em|na|no|n[ao]s|a|pra|para)(?:\s(?:el|la|o|a))?|"
    r"(?:direcci[oó]n|domicilio|endere[cç]o|morada|resid[eê]ncia)(?:\s(?:de\s(?:entrega|env[ií]o)|es|é|correct[ao]|"
    r"certo|nov[ao]|actual|atual)){0,2}\s?:?|o certo é|(?:mi|minha)\scasa\s(?:es|é)"
)
_WORD: Final = r"(?:[^\W\d_](?:[\w'’ªº-]{0,24}|\w{0,4}\.)|[0-9]{1,2}(?=\sde\s))"
_NAME: Final = rf"{_WORD}(?:,?\s{_WORD}){{0,5}}?"
_CLEAR_NAME: Final = rf"(?:[0-9]{{1,3}}\s?[A-Za-z]?(?:\s(?:bis|sur|norte|este|oeste))?(?=\s?(?:#|n[º°o.]))|{_NAME})"
_NUMBER: Final = (
    r",?\s?(?:-\s?)?(?:#|n\.?\s?[º°o]\.?|n[uú]mero|num\.?|no\.?|nro\.?|km\.?|n)?\s?(?:[Nn]?[0-9]{1,5}[A-Za-z]?(?:\s?-\s?[0-9]{1,4})?|s/n)"
    r"(?![\w%€$]|[.,:/][0-9]|\s(?:de\s[a-z]|euros?|pesos|reais|soles|horas?|h\b|d[ií]as?|meses|anos|años|veces|vezes|minutos|semanas|personas|pessoas|mil\b|"
    r"kg|km\b|cm|metros|cuotas|parcelas))"
)
_PART: Final = (
    r"(?:piso|planta|andar|p\.?|depto|departamento|dpto|dto|dt[oº]|dcha|drt[ao]|esq|izq(?:da)?|izda?|apto|apartamento|apt|ap|int(?:erior)?|of(?:icina)?|"
    r"local|bloque|blo?c?o?|torre|casa|bajos?|[aá]tico|esc(?:alera)?|portal|puerta|pta|fundos|frente|sala|conjunto|conj|cj|lote|lt|"
    r"mz|manzana|col(?:onia)?|r/c|timbre|fracc|bairro|barrio|[0-9]{1,2}[.]?[ºª°][.]?|dir|fracci[oó]n|sobrado|edificio|ed|bl|unidade|urb|sector|setor|quadra|qd)"
)
_PARTS: Final = re.compile(
    rf"(?:,?\s?(?:-\s)?(?:{_PART}(?![a-zà-ú])\.?(?:\s?(?:[0-9]{{1,4}}\s?[A-Za-z]?|[A-Za-zº°ª]|[A-ZÁÉÍÓÚ][a-záéíóúñãõç]+|"
    rf"(?<=col\.\s)[a-zà-ú]+|(?<=col\s)[a-zà-ú]+))?(?!\w)|[0-9]{{1,2}}\s?[ºª°]\s?[A-Za-z]?(?!\w)|[A-H](?!\w)))",
    re.IGNORECASE,
)
_MOST_PARTS: Final = 5
_BLOCK: Final = re.compile(
    r"(?<!\w)(?:mz|mza|manzana|quadra|qd)\.? ?[A-Z0-9]{1,3},? (?:lt|lote|casa|villa|sl)\.? ?[0-9]{1,3}"
    r"(?:,? urb\.? [A-Z]\w+(?: [A-Z]\w+)?)?(?!\w)",
    re.IGNORECASE,
)
_STREET: Final = re.compile(rf"(?<![\w@.])(?:(?P<clear>{_CLEAR})|(?P<unclear>{_UNCLEAR}))(?!\w)", re.IGNORECASE)
_HOME: Final = re.compile(rf"(?<!\w)(?:{_LIVES})(?!\w)", re.IGNORECASE)
_AFTER_CLEAR: Final = re.compile(rf"\s?{_CLEAR_NAME}{_NUMBER}", re.IGNORECASE)
_AFTER_UNCLEAR: Final = re.compile(
    rf"\s?(?=[A-ZÁÉÍÓÚÑÂÃ0-9]|(?:de|da|do|del|dos|das|barão|doctor|san|santa)\s){_CLEAR_NAME}(?i:{_NUMBER})"
)
_AFTER_HOME: Final = re.compile(rf"\s?(?P<place>(?!(?:en|em|na|no)\s){_NAME}{_NUMBER})", re.IGNORECASE)
_NO_STREET: Final = re.compile(
    r"(?<!\w)(?:desde|hace|h[aá]|con|com|que|pero|mas|tengo|tenho|y|e|soy|sou|me|mi|meu|minha|pedido|por|pago|no(?!\.?\s?[0-9])|não|se|"
    r"el|para|pra|tel|cel|fono|correo|e-?mail|cpf|dni|rut|cep|é|gu[ií]a|encomenda|nota|fatura|factura|protocolo|ticket|c\.?p)(?!\w)",
    re.IGNORECASE,
)
_REACH: Final = 120
_CUE_WORDS: Final = words("dwelling")
_CUE_SIGNS: Final = ("c/", "c. ", "r. ", "mi casa es", "minha casa é")


def find(reading: Reading) -> None:
    """Take streets with their number, and what stands after *vivo en* or *endereço* and ends in a number."""
    if not reading.has(_CUE_WORDS) and not any(sign in reading.lowered for sign in _CUE_SIGNS):
        return
    text = reading.text
    for block in _BLOCK.finditer(text):
        reading.take(KIND, *block.span())
    for cue in _STREET.finditer(text):
        pattern = _AFTER_CLEAR if cue["clear"] else _AFTER_UNCLEAR
        match = pattern.match(text, cue.end(), cue.end() + _REACH)
        if match and not _NO_STREET.search(match[0]):
            reading.take(KIND, cue.start(), _end(text, match.end()))
    for cue in _HOME.finditer(text):
        match = _AFTER_HOME.match(text, cue.end(), cue.end() + _REACH)
        if match and not _NO_STREET.search(match["place"]):
            reading.take(KIND, match.start("place"), _end(text, match.end("place")))


def _end(text: str, end: int) -> int:
    """Return where an address ends that has floor, door or flat behind its number."""
    for _ in range(_MOST_PARTS):
        part = _PARTS.match(text, end)
        if part is None or part.end() == end:
            break
        end = part.end()
    return end
