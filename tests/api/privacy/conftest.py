"""A customer whose message says twelve kinds of personal data, and a model that quotes all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from classifier.types import Classification, Evidence, Fact
from tests.api.conftest import Marked

CUSTOMER: Final = {
    "id": "cliente-99182", "name": "Evangelina Luz Prueba", "mail": "otra.eva@correo.example", "country": "AR",
    "value_tier": "gold",
}  # fmt: skip
PERSONAL: Final = {
    "email": "evaluz.prueba@correo.example",
    "phone": "+55 11 98765-4321",
    "cpf": "390.533.447-05",
    "cnpj": "11.222.333/0001-81",
    "rut": "12.345.678-5",
    "dni": "12345678Z",
    "nie": "X1234567L",
    "cuit": "20-12345678-6",
    "curp": "BOXW310820HNERXN09",
    "rfc": "GODE561231GR8",
    "card": "4111 1111 1111 1111",
    "iban": "ES91 2100 0418 4502 0005 1332",
}
TEXT: Final = (
    "Pedí una licuadora el 3 de mayo y nadie responde: escríbanme a {email} o al {phone}. Mi CPF es {cpf}, el CNPJ de "
    "mi tienda {cnpj}, mi RUT {rut}, mi DNI {dni}, mi NIE {nie}, mi CUIT {cuit}, mi CURP {curp}, mi RFC {rfc}, la "
    "tarjeta {card} y la cuenta {iban}. ¿?"
).format(**PERSONAL)
NAMES: Final = (CUSTOMER["name"], CUSTOMER["mail"])
"""What identifies the customer besides what the text says."""


class Quoting(Marked):
    """Rests every decision on the whole text, and takes each piece of personal data in it for a fact."""

    def _one(self, text: str, name: str) -> Classification:
        evidence = (Evidence("severity", "high", 0, len(text), text),)
        places = [(text.index(value), value) for value in PERSONAL.values() if value in text]
        facts = tuple(Fact("amount", v, {"amount": v}, start, start + len(v)) for start, v in places)
        return replace(super()._one(text, name), evidence=evidence, facts=facts)


def said(**more: Any) -> dict[str, Any]:
    """Return the body of the customer's message."""
    return {
        "channel": "email", "external_id": "<carta-7731@correo.example>", "text": TEXT, "customer": CUSTOMER,
        "thread_id": "hilo-66201", "metadata": {"producto": "licuadora", "contacto": PERSONAL["phone"]}, **more,
    }  # fmt: skip
