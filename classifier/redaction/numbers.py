"""Numbers of people, accounts and telephones.

What has a check digit is checked; the rest is told by its neighbours: *mi celular*, *conta*, *DNI*. The number of an
order, a protocol or a ticket is no personal data and stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from string import ascii_uppercase
from typing import Final

from classifier.redaction import phones
from classifier.redaction.reading import Reading

__all__ = ["KINDS", "find"]


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one kind is found: a pattern, the modules of ``python-stdnum`` that know it, and a word that must be near.

    Without validators any match counts.
    """

    kind: str
    pattern: re.Pattern[str]
    validators: tuple[str, ...] = ()
    context: str = ""


def _digits(groups: str) -> str:
    """Write the pattern of a number in groups: ``"3.3.3-2"`` is CPF's, each separator optional, or a space."""
    parts = re.findall(r"(\d+(?:,\d+)?)([^\d,]?)", groups)
    return "".join(f"[0-9]{{{count}}}" + (f"[{re.escape(sign)} ]?" if sign else "") for count, sign in parts)


def _rule(kind: str, pattern: str, *validators: str, context: str = "") -> _Rule:
    """Make a rule whose match stands alone: neither letters nor digits touch it."""
    return _Rule(kind, re.compile(rf"(?<![\w@])(?:{pattern})(?!\w)", re.IGNORECASE), validators, context)


_CHAIN: Final = r"[+(]?[0-9](?:[ .()-]{0,2}[0-9])"
_RULES: Final = (
    _rule("iban", r"[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}", "iban"),
    _rule("account", r"[A-Z]{2}[0-9]{2}(?: ?[0-9]{4}){3,7}(?: ?[0-9]{1,3})?"),
    _rule("curp", r"[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[A-Z0-9][0-9]", "mx.curp"),
    _rule("rfc", r"[A-ZÑ&]{3,4}[ -]?[0-9]{6}[ -]?[A-Z0-9]{3}", "mx.rfc"),
    _rule("cnpj", r"[A-Z0-9]{2}\.?[A-Z0-9]{3}\.?[A-Z0-9]{3}[/.]?[A-Z0-9]{4}-?[0-9]{2}", "br.cnpj"),
    _rule("cpf", _digits("3.3.3-2"), "br.cpf"),
    _rule("cuit", _digits("2-8-1"), "ar.cuit"),
    _rule("rut", r"[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3}-[0-9K]", "cl.rut"),
    _rule("rut", r"[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3} ?[0-9K]", "cl.rut", context="rut"),
    _rule("nie", r"[XYZ][ -]?[0-9]{7}[ -]?[A-Z]", "es.nie"),
    _rule("dni", r"[0-9]{2}\.?[0-9]{3}\.?[0-9]{3}[ -]?[A-Z]", "es.dni"),
    _rule("nif", r"[A-HJ-NP-SUVWKLM][ -]?[0-9]{7}[ -]?[0-9A-Z]", "es.cif", "es.nif"),
    _rule("nif", _digits("3 3 3"), "pt.nif", context="nif"),
    _rule("dni", r"[0-9]{8} ?[0-9] ?[A-Z]{2}[0-9]", "pt.cc"),
    _rule("dni", r"[0-9]{9}[A-Z]{2}[0-9]{3}|[01][0-9]{11}[A-Z]"),
    _rule("dni", r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9X]"),
    _rule("dni", r"(?:[A-Z]{2}-?)?[0-9](?:[.]?[0-9]){5,12}(?:-?[0-9X])?", context="dni"),
    _rule("card", r"[0-9](?:[ -]?[0-9]){12,18}(?!-[0-9])", "luhn"),
    _rule("account", r"[0-9](?:[ ./-]?[0-9]){3,23}(?:-[0-9X])?", context="account"),
    _rule("phone", r"(?:\(?0xx ?[0-9]{2}\)? ?)?" + _CHAIN + "{6,14}"),
    _rule("nif", _digits("3 3 3"), "pt.nif"),
    _rule("account", r"[0-9](?:-?[0-9]){8,29}|[0-9]{4}(?:[ -][0-9]{4}){3,4}"),
)
"""In order of priority: a place that one rule has taken is lost to the next."""

KINDS: Final = tuple(dict.fromkeys(rule.kind for rule in _RULES))
"""The kinds of personal data that are told apart."""

_CONTEXTS: Final = {
    "reference": "pedido|orden|ordem|compra|encomenda|protocolos?|ticket|gu[ií]a|chamado|caso|reclamo|folio|radicado|"
    "reclama[cç][aãió]+[no]?|rastreio|rastreamento|seguimiento|tracking|env[ií]o|factura|fatura|boleta|nota fiscal|"
    "expediente|incidencia|solicitud|solicita[cç][aã]o|processo|contrato|p[oó]liza|ap[oó]lice|s[eé]rie|lote|"
    "c[oó]digo|nfe?|boletos?|multa|siniestro|sinistro|vuelo|voo|reserva|localizador|tr[aá]mite|medidor|contador|"
    "n[uúº]\\w*\\.? de (?:cliente|socio|s[oó]cio)|autorizaci[oó]n|autoriza[cç][aã]o|transacci[oó]n|transa[cç][aã]o",
    "own": "cpf|cnpj|cuit|cuil|curp|rfc|pix|chave|titular|tarjeta|cart[aã]o",
    "rut": "rut|run|r\\.u\\.t",
    "nif": "nif|contribuinte|n\\.i\\.f",
    "dni": "bi|nuit|nib?s|pis|nss|niss|cart[aã]o de cidad[aã]o|registro|dni|d\\.n\\.i|documento|"
    "c[eé]dula|cc|c\\.c|ci|c\\.i|identidad|identidade|rg|passaporte|pasaporte",
    "account": "cuenta|conta|cta|clabe|cbu|cvu|ag[eê]ncia|iban|cci",
    "phone": "tlm|tlf|tfno|telf|tel|tel[eé]fono|telefone|telem[oó]vel|cel|celular|"
    "m[oó]vil|whats?app|wpp|zap|fone|contacto|contato|"
    "llam\\w+|ligu?\\w+|n[uú]mero es|meu n[uú]mero|mi n[uú]mero",
    "amount": "[$€£]|r\\$|us\\$|s/|pesos|reais|euros|monto|valor|importe",
}
_CONTEXT: Final = re.compile(
    r"(?<!\w)(?=[^\W\d_]|[$€£])(?:"  # so begin all of them
    + "|".join(f"(?P<{name}>{words})" for name, words in _CONTEXTS.items())
    + r")(?!\w)",
    re.IGNORECASE,
)
_CONTEXT_REACH: Final = 32
_CONTEXT_GAP: Final = 20
_NOT_PERSONAL: Final = ("reference", "amount")
_CURRENCY_AFTER: Final = re.compile(
    r"\s?(?:[$€£]|(?:pesos|reais|euros|soles|d[oó]lares|mil|mxn|cop|ars|clp)\b|,[0-9])", re.IGNORECASE
)
_DATE: Final = re.compile(
    r"(?:[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9])(?![0-9])"
    r"|(?:[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}|(?:19|20)[0-9]{2}|[0-3]?[0-9]/[01]?[0-9])$"
)
_ENDING: Final = re.compile(r"(?:termina\w*|final(?:iza\w*)?)\s(?:en|em|com|con)?\s?$", re.IGNORECASE)
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+")
_TRACE: Final = re.compile(r"@|[0-9](?:\D{0,2}[0-9]){3}")
_LOCAL_DIGITS: Final = 9
_LONGEST_PHONE: Final = 15
_SHORTEST_CARD: Final = 13
_SHORTEST_ABROAD: Final = 10
_DIGITS: Final = re.compile("[0-9]+")
_VALUES: Final = {ord(letter): str(value) for value, letter in enumerate(ascii_uppercase, 10)}
_APART: Final = 8
_ROOM: Final = 16
_FEWEST_DIGITS: Final = 4
_MOST_GROUPS: Final = 6


def find(reading: Reading) -> None:
    """Take the numbers of people, accounts and telephones."""
    text = reading.text
    if not _TRACE.search(text):
        return
    stretches, nearby = list(_stretches(text)), _Nearby(text)
    for rule in _RULES:
        for first, last in stretches:
            for start, end in _places(nearby, rule, first, last):
                reading.take(rule.kind, start, end)


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Yield the parts of a text that have digits enough, with room around them: the rest need not be searched."""
    first = last = digits = 0
    for match in _DIGITS.finditer(text):
        if digits and match.start() - last > _APART:
            if digits >= _FEWEST_DIGITS:
                yield max(0, first - _ROOM), last + _ROOM
            digits = 0
        if not digits:
            first = match.start()
        last = match.end()
        digits += last - match.start()
    if digits >= _FEWEST_DIGITS:
        yield max(0, first - _ROOM), last + _ROOM


class _Nearby:
    """A text, and the telling words in it, looked for once before each place that is asked about."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._before: dict[int, tuple[str, int]] = {}

    def before(self, start: int) -> tuple[str, int]:
        """Name the kind of the last telling word before a place, and how many characters lie between."""
        known = self._before.get(start)
        if known is None:
            known = self._before[start] = _context_before(self.text, start)
        return known


def _places(nearby: _Nearby, rule: _Rule, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield where a rule holds in a part of a text; of a chain of groups, the longest beginning that is valid."""
    position = first
    while match := rule.pattern.search(nearby.text, position, last):
        position = match.end()
        context, distance = nearby.before(match.start())
        if rule.context and (context != rule.context or distance > _CONTEXT_GAP):
            continue
        for end in _endings(match):
            if _holds(nearby.text, rule, match.start(), end, context):
                yield match.start(), end
                position = end
                break


def _endings(match: re.Match[str]) -> Iterator[int]:
    """Yield the ends of a match: its own, then before each of its last spaces."""
    yield match.end()
    written = match[0]
    end = len(written)
    for _ in range(8):
        end = written.rfind(" ", 0, end)
        if end < 1:
            return
        yield match.start() + end


def _holds(text: str, rule: _Rule, start: int, end: int, context: str) -> bool:
    """Decide whether a candidate is what its rule looks for, near a word of the kind ``context``."""
    written = text[start:end]
    if written.isdigit() and context in _NOT_PERSONAL:
        return False
    if rule.kind == "phone":
        return _is_phone(text, start, end, context)
    if rule.validators:
        return any(_is_valid(name)(written) for name in rule.validators)
    return _is_loose_number(text, start, end, context)


def _context_before(text: str, start: int) -> tuple[str, int]:
    """Name the kind of the last telling word before a place, and how many characters lie between."""
    name, end = "", 0
    before = text[max(0, start - _CONTEXT_REACH) : start]
    for match in _CONTEXT.finditer(before):
        name, end = match.lastgroup or "", match.end()
    return name, len(before) - end


def _is_loose_number(text: str, start: int, end: int, context: str) -> bool:
    """Tell whether a number without a check digit is neither a date nor money nor a reference."""
    written = text[start:end]
    if (
        context == "account"
        and len(written) < _LOCAL_DIGITS
        and _ENDING.search(text[max(0, start - _CONTEXT_GAP) : start])
    ):
        return False
    if context in _NOT_PERSONAL or _DATE.match(written) or _CURRENCY_AFTER.match(text, end):
        return False
    return context in ("dni", "account") or not _GROUPED.fullmatch(written)


def _is_phone(text: str, start: int, end: int, context: str) -> bool:
    """Ask ``phonenumbers``; a short or local number counts only after a word such as *celular*."""
    written = text[start:end]
    groups = re.findall("[0-9]+", written)
    digits = sum(map(len, groups))
    international = written.startswith("+")
    if len(groups) > _MOST_GROUPS or (context in _NOT_PERSONAL and not international):
        return False
    if not _is_loose_number(text, start, end, ""):
        return False
    if international and digits >= _SHORTEST_ABROAD:
        return True
    if digits < _LOCAL_DIGITS and not international:
        return context == "phone"
    return (context == "phone" and digits <= _LONGEST_PHONE) or phones.is_valid(written)


@lru_cache(maxsize=32)
def _is_valid(module: str) -> Callable[[str], bool]:
    """Return the validator of a module of ``python-stdnum``."""
    imported = import_module(f"stdnum.{module}")
    if module == "luhn":
        return lambda written: _is_card(imported.is_valid, re.sub("[ -]", "", written))
    if module == "iban":
        return lambda written: _is_iban(imported.is_valid, written)
    return lambda written: bool(imported.is_valid(written.replace(".", "")))


def _is_iban(check: Callable[..., bool], written: str) -> bool:
    """Tell whether an account's check digits are right, and then, at far more cost, whether its country has such."""
    number = re.sub("[ -]", "", written).upper()
    if number.isascii() and int((number[4:] + number[:4]).translate(_VALUES)) % 97 != 1:
        return False
    return check(written, check_country=False)


def _is_card(check: Callable[[str], bool], digits: str) -> bool:
    """Tell whether digits are enough for a card, and add up."""
    return len(digits) >= _SHORTEST_CARD and check(digits)
