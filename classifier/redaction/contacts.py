"""Where somebody can be reached or looked up in the net: addresses of mail, pages and machines, and account names."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

from classifier.redaction.cues import words
from classifier.redaction.reading import Reading

__all__ = ["KINDS", "find"]

KINDS: Final = ("email", "url", "ip", "handle")

_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")
_URL: Final = re.compile(
    r"(?<![\w@.-])(?:https?://|www\.|(?=(?:[a-z-]{1,15}\.){0,2}(?:instagram|facebook|fb|linkedin|twitter|x|tiktok|"
    r"wa|t|telegram|youtube|threads)\.(?:com|me|net)/))[^\s<>\"'()]++",
    re.IGNORECASE,
)
_PERSONAL_URL: Final = re.compile(
    r"(?:instagram|facebook|fb|linkedin|twitter|//x|^x|tiktok|threads)\.(?:com|net)/\w|(?:^|[/.])(?:wa|t)\.me/|"
    r"[/?&#](?:users?|usu[aá]ri[oa]s?|clientes?|customers?|cuentas?|contas?|minha-conta|mi-cuenta|account|perfil|"
    r"profile|u|alun[oa]s?|alumn[oa]s?|paciente|socio|membro|member|id_?cliente|user_?id|cpf|dni|rut|curp|email|mail|"
    r"tel|phone|telefone?|telefono|celular|nome|nombre|name|token|session|sid|auth|key)[/=]\w|%40",
    re.IGNORECASE,
)
_URL_END: Final = ".,;:!?…"
_IPV4: Final = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w]|\.[0-9])")
_IPV6: Final = re.compile(r"(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE)
_VERSION: Final = re.compile(r"(?:versi[oó]n|vers[aã]o|firmware|software|build|release|\bv)[ .:]*$", re.IGNORECASE)
_VERSION_REACH: Final = 12
_DOTS: Final = 2
_DIGIT: Final = re.compile("[0-9]")
_SHORTEST_NAME: Final = 2
_HANDLE: Final = re.compile(
    r"(?<!\w)(?:usuari[oa]|usu[aá]ri[oa]|utilizador|user(?:name)?|login|nick(?:name)?|apodo|apelido|instagram|insta|ig|"
    r"twitter|tiktok|telegram|skype|facebook|face|fb|perfil|gamertag|psn|steam|discord|alias|arroba|x)"
    r"(?!\w)[:,]?(?:\s(?:es|é|era|de|del?|do|da|el|o|a|la|en|no|na|mi|meu|fixo|como|con|com|instagram|twitter|tiktok|"
    r"facebook|telegram|app|juego|jogo|foro|web|site|vuestr[oa]|su|seu|sua|esta|nuevo|novo)(?!\w):?){0,4}\s?[:\"“«'(]{0,2}\s?(?P<name>@?[\w][\w.-]{1,30})(?![\w@])",
    re.IGNORECASE,
)
_HANDLE_BEFORE: Final = re.compile(
    r"(?<![\w@.])(?P<name>@[\w.]{2,30})[\"”»)]?,?\s(?:de|en|no|na|do|da|es|é|em)\s(?:(?:mi|meu|o|el|la|a)\s)?"
    r"(?:instagram|insta|ig|twitter|tiktok|telegram|facebook|face|fb|perfil|usuari|usu[aá]ri)",
    re.IGNORECASE,
)
_HANDLE_WORDS: Final = words("account_names")
_UNDERLINED: Final = re.compile(r"(?<![\w@./-])@?[a-z][a-z0-9.]*_[a-z0-9_.]*[a-z0-9](?![\w@/-])")
_MADE_UP: Final = re.compile(r"@|[0-9_]|[a-z]\.[a-z]|-", re.IGNORECASE)


def find(reading: Reading) -> None:
    """Take mail addresses, pages of a person, addresses of machines and account names."""
    if "@" in reading.text:
        for match in _EMAIL.finditer(reading.text):
            reading.take("email", *match.span())
    if "/" in reading.text or "www." in reading.lowered:
        _find_urls(reading)
    if _DIGIT.search(reading.text):
        _find_machines(reading)
    if "_" in reading.text:
        for match in _UNDERLINED.finditer(reading.text):
            reading.take("handle", *match.span())
    if reading.has(_HANDLE_WORDS):
        _find_handles(reading)


def _find_machines(reading: Reading) -> None:
    """Take addresses of the internet protocol, but no version of a program."""
    text = reading.text
    for match in _IPV4.finditer(text) if text.count(".") > _DOTS else ():
        before = text[max(0, match.start() - _VERSION_REACH) : match.start()]
        if _is_address(match[0]) and not _VERSION.search(before):
            reading.take("ip", *match.span())
    for match in _IPV6.finditer(text) if text.count(":") > 1 else ():
        if _is_address(match[0]):
            reading.take("ip", *match.span())


def _find_urls(reading: Reading) -> None:
    """Take the addresses that lead to one person: a profile, an account, a link with a name or a token in it."""
    for match in _URL.finditer(reading.text):
        written = match[0].rstrip(_URL_END)
        if _PERSONAL_URL.search(written):
            reading.take("url", match.start(), match.start() + len(written))


def _find_handles(reading: Reading) -> None:
    """Take account names after the word for them, if they look made up: an ``@``, a digit, a dot or a line in it."""
    for pattern in (_HANDLE, _HANDLE_BEFORE):
        for match in pattern.finditer(reading.text):
            name = match["name"].rstrip("._-")
            if len(name) > _SHORTEST_NAME and not name.isdigit() and _MADE_UP.search(name):
                reading.take("handle", match.start("name"), match.start("name") + len(name))


def _is_address(written: str) -> bool:
    """Tell whether the machine's address is one: octets to 255, groups of four hexadecimal digits."""
    try:
        ip_address(written)
    except ValueError:
        return False
    return any(character.isdigit() for character in written)
