"""Texts that are nothing but made-up numbers and addresses: what finding personal data takes longest for.

Nobody's data is among them: numbers are random, with right check digits or with a wrong last character.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from stdnum import iban, luhn
from stdnum.ar import cuit
from stdnum.br import cnpj, cpf
from stdnum.cl import rut
from stdnum.es import dni, nie
from stdnum.mx import curp
from stdnum.pt import nif

__all__ = ["KINDS", "SEPARATORS", "full_of", "texts"]

Random = random.Random
Maker = Callable[[Random], str]

SEPARATORS: Final = (" ", ", ", "", "/", " conta ", "\n")
"""What stands between the numbers of a text."""

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_COUNTRIES: Final = {"ES": 20, "PT": 21, "DE": 18, "FR": 23, "GB": 18, "NO": 11, "MT": 27}
_CALLING: Final = ("34", "351", "55", "52", "57", "54", "56", "51", "593", "598", "244", "258", "1", "49", "376", "995")


def _digits(r: Random, count: int) -> str:
    return "".join(r.choices("0123456789", k=count))


def _letters(r: Random, count: int) -> str:
    return "".join(r.choices(_UPPER, k=count))


def _iban(r: Random) -> str:
    country = r.choice([*_COUNTRIES])
    account = _digits(r, _COUNTRIES[country])
    if country in ("GB", "MT"):
        account = _letters(r, 4) + account[4:]
    return f"{country}{iban.calc_check_digits(f'{country}00{account}')}{account}"


def _curp(r: Random) -> str:
    day = f"{r.randrange(100):02}{r.randrange(1, 13):02}{r.randrange(1, 29):02}"
    states, gender = ("AS", "DF", "JC", "NL"), r.choice("HM")
    base = f"{_letters(r, 4)}{day}{gender}{r.choice(states)}{_letters(r, 3)}{r.randrange(10)}"
    return base + curp.calc_check_digit(base)


def _rfc(r: Random) -> str:
    day = f"{r.randrange(100):02}{r.randrange(1, 13):02}{r.randrange(1, 29):02}"
    return f"{_letters(r, r.choice((3, 4)))}{day}{_letters(r, 3)}"


def _cpf(r: Random) -> str:
    base = _digits(r, 9)
    for _ in range(2):
        total = sum(weight * int(digit) for weight, digit in zip(range(2, 12), reversed(base), strict=False))
        base += str(-total % 11 % 10)
    return base


def _card(r: Random) -> str:
    base = "4" + _digits(r, 14)
    return base + luhn.calc_check_digit(base)


def _rib(r: Random) -> str:
    return f"{_digits(r, 5)} {_digits(r, 5)} {_digits(r, 11)} {_digits(r, 2)}"


def _phone(r: Random) -> str:
    pairs = " ".join(_digits(r, 2) for _ in range(r.choice((4, 5, 6))))
    forms = (
        _digits(r, r.choice((9, 10, 11))),
        pairs,
        f"({_digits(r, 2)}) {_digits(r, 4)}-{_digits(r, 4)}",
        f"00{r.choice(_CALLING)} {_digits(r, 9)}",
        f"0{_digits(r, 10)}",
    )
    return r.choice(forms)


def _abroad(r: Random) -> str:
    return f"+{r.choice(_CALLING)} {_digits(r, r.choice((6, 7, 8, 9)))}"


def _mail(r: Random) -> str:
    name = _letters(r, r.randrange(1, 12)).lower()
    return f"{name}.{_digits(r, 2)}@{_letters(r, 5).lower()}.example"


def _checked(base: Callable[[Random], str], check: Callable[[str], str]) -> Maker:
    """Return what makes a number and puts its check digits behind it."""

    def made(r: Random) -> str:
        number = base(r)
        return number + check(number)

    return made


def _grouped(make: Maker, size: int) -> Maker:
    """Return what writes a number in groups of ``size``."""

    def made(r: Random) -> str:
        number = make(r)
        return " ".join(number[at : at + size] for at in range(0, len(number), size))

    return made


_cuit = _checked(lambda r: r.choice(("20", "27", "30")) + _digits(r, 8), cuit.calc_check_digit)
_rut = _checked(lambda r: _digits(r, 8), rut.calc_check_digit)
_dni = _checked(lambda r: _digits(r, 8), dni.calc_check_digit)
_nie = _checked(lambda r: r.choice("XYZ") + _digits(r, 7), nie.calc_check_digit)
_nif = _checked(lambda r: "2" + _digits(r, 7), nif.calc_check_digit)
_cnpj = _checked(lambda r: _digits(r, 12), cnpj.calc_check_digits)

KINDS: Final[Mapping[str, Maker]] = {
    "IBAN": _iban,
    "IBAN in groups": lambda r: iban.format(_iban(r)),
    "RIB": _rib,
    "card": _card,
    "card in groups": _grouped(_card, 4),
    "CPF": _cpf,
    "CPF with dots": lambda r: cpf.format(_cpf(r)),
    "CNPJ": _cnpj,
    "CNPJ with dots": lambda r: cnpj.format(_cnpj(r)),
    "CURP": _curp,
    "RFC": _rfc,
    "CUIT": lambda r: cuit.format(_cuit(r)),
    "RUT": lambda r: rut.format(_rut(r)),
    "DNI": _dni,
    "NIE": _nie,
    "NIF": _grouped(_nif, 3),
    "phone": _phone,
    "phone abroad": _abroad,
    "mail": _mail,
    "digits": lambda r: _digits(r, r.randrange(1, 40)),
    "single digits": lambda r: " ".join(_digits(r, r.randrange(4, 30))),
}


def nearly(number: str, r: Random) -> str:
    """Return a number with another last character of the same sort."""
    last = r.choice("0123456789" if number[-1].isdigit() else _UPPER)
    return number[:-1] + (last if last != number[-1] else "1")


def full_of(make: Maker, separator: str, length: int, r: Random, *, wrong: bool = False) -> str:
    """Return a text of ``length`` characters that has one number after the other."""
    numbers: list[str] = []
    size = -len(separator)
    while size < length:
        number = make(r)
        numbers.append(nearly(number, r) if wrong else number)
        size += len(number) + len(separator)
    return separator.join(numbers)[:length]


def texts(length: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yield a name and a text for each kind, separator and rightness, and of all kinds mixed."""
    makers = [*KINDS.values()]
    mixed = {**KINDS, "mixed": lambda r: r.choice(makers)(r)}
    for kind, make in mixed.items():
        for separator in SEPARATORS:
            for wrong in (False, True):
                r = random.Random(f"{kind}{separator}{wrong}{seed}")
                name = f"{kind}, {'nearly right' if wrong else 'right'}, separated by {separator!r}"
                yield name, full_of(make, separator, length, r, wrong=wrong)
