"""What things are called in the reader's language; where a name is the operator's own, as they call it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from api.recovery.spans import Span, Unit
from api.recovery.wording import wording
from classifier.card import FACT_KINDS
from classifier.taxonomy import TASK_BY_ID, Task, TaskKind, Translated

__all__ = ["Names", "labels_of"]

_UNITS: Final = {
    (Unit.HOUR, False): Translated("h", "h", "h"),
    (Unit.HOUR, True): Translated("h hábiles", "h úteis", "business h"),
    (Unit.DAY, False): Translated("días", "dias", "days"),
    (Unit.DAY, True): Translated("días hábiles", "dias úteis", "business days"),
    (Unit.MONTH, False): Translated("meses", "meses", "months"),
}
_ONE: Final = {
    (Unit.DAY, False): Translated("día", "dia", "day"),
    (Unit.DAY, True): Translated("día hábil", "dia útil", "business day"),
    (Unit.HOUR, True): Translated("h hábil", "h útil", "business h"),
    (Unit.MONTH, False): Translated("mes", "mês", "month"),
}
_TRAITS: Final = {
    "double_deviation": Translated("falló dos veces", "falhou duas vezes", "failed twice"),
    "agency": Translated("nombra un organismo", "cita um órgão", "names an agency"),
    "review": Translated("lectura dudosa", "leitura incerta", "unsure reading"),
    "unsure": Translated("dudoso en", "incerto em", "unsure of"),
    "language": Translated("idioma", "idioma", "language"),
    "tier": Translated("cliente", "cliente", "customer"),
    "country": Translated("país", "país", "country"),
    "channel": Translated("canal", "canal", "channel"),
    "contacts": Translated("contactos previos", "contatos anteriores", "earlier contacts"),
    "complaints": Translated("quejas previas", "reclamações anteriores", "earlier complaints"),
}
_ANSWERS: Final = {
    "undecided": Translated("sin decidir", "não decidido", "undecided"),
    "es": Translated("español", "espanhol", "Spanish"),
    "pt": Translated("portugués", "português", "Portuguese"),
    "other": Translated("otro", "outro", "another"),
}
_ROLES: Final = {
    "agent": Translated("agente", "atendente", "agent"),
    "manager": Translated("responsable del servicio", "gestão do atendimento", "service manager"),
    "engineer": Translated("ingeniería", "engenharia", "engineer"),
    "admin": Translated("administración", "administração", "administrator"),
}
_PAYOUTS: Final = {
    "refund": Translated("reembolso", "reembolso", "refund"),
    "credit": Translated("crédito", "crédito", "credit"),
    "amount": Translated("importe fijo", "valor fixo", "fixed amount"),
    "replacement": Translated("reemplazo", "substituição", "replacement"),
    "redo": Translated("se rehace", "refeito", "done again"),
    "as_promised": Translated("lo prometido", "o prometido", "as promised"),
}
_PERSONAL: Final = {
    "email": Translated("correo", "e-mail", "e-mail"),
    "url": Translated("enlace", "link", "link"),
    "ip": Translated("dirección IP", "endereço IP", "IP address"),
    "handle": Translated("usuario", "usuário", "user name"),
    "plate": Translated("matrícula", "placa", "plate"),
    "passport": Translated("pasaporte", "passaporte", "passport"),
    "birthdate": Translated("nacimiento", "nascimento", "date of birth"),
    "pix": Translated("clave Pix", "chave Pix", "Pix key"),
    "address": Translated("dirección", "endereço", "address"),
    "account": Translated("cuenta", "conta", "account"),
    "card": Translated("tarjeta", "cartão", "card"),
    "phone": Translated("teléfono", "telefone", "phone"),
    "name": Translated("nombre", "nome", "name"),
}
"""Kinds of personal data; identifiers are called the same everywhere: CPF, DNI, IBAN."""
_MAIN: Final = Translated("principal", "principal", "main")


@dataclass(frozen=True, slots=True)
class Names:
    """Names in one language."""

    language: str

    def task(self, task: str) -> str:
        """Return what a task is called."""
        return TASK_BY_ID[task].name[self.language] if task in TASK_BY_ID else task

    def label(self, task: str, label: str | bool) -> str:  # noqa: FBT001 - a flag's label
        """Return what a label is called."""
        label = ("no", "yes")[label] if isinstance(label, bool) else label
        known = TASK_BY_ID.get(task)
        return known.label(label).name[self.language] if known and label in known.label_ids else label

    def definition(self, task: str, label: str | None = None) -> str:
        """Return what a task asks, or what a label means."""
        found = TASK_BY_ID[task]
        return (found if label is None else found.label(label)).definition[self.language]

    def rule(self, task: str, label: str) -> str:
        """Return how the codebook tells a label from its neighbours; what it means where it has no test."""
        rules = _codebook().get(task, {}).get(label)
        return rules[self.language] if rules else self.definition(task, label)

    def word(self, kind: str, name: str | None) -> str:
        """Return what a plan's word of a kind (``steps``, ``priorities``, ``owners``, …) is called."""
        if name is None:
            return "–"
        return wording(self.language).get(kind, {}).get(name, name)

    def owners(self) -> Sequence[str]:
        """Return what the queues and people are called that have cases by our policy."""
        return list(wording(self.language)["owners"].values())

    def owner(self, written: str) -> str:
        """Return whom somebody means: one of ours by what it is called, any other as it is written."""
        called = {name.casefold(): owner for owner, name in wording(self.language)["owners"].items()}
        return called.get(written.casefold(), written)

    def role(self, role: str) -> str:
        """Return what a person's role is called."""
        return _ROLES[role][self.language]

    def span(self, span: Span | str) -> str:
        """Write a span of a policy, or as a plan keeps it (``8 business hours``)."""
        read = span if isinstance(span, Span) else Span.parse(span)
        kind = (read.unit, read.business)
        words = _ONE.get(kind, _UNITS[kind]) if read.amount == 1 else _UNITS[kind]
        return f"{read.amount}\u00a0{words[self.language]}"

    def fact(self, kind: str) -> str:
        """Return what a kind of fact is called."""
        return FACT_KINDS[kind][self.language] if kind in FACT_KINDS else kind

    def personal(self, kind: str) -> str:
        """Return what a kind of personal data is called."""
        return _PERSONAL[kind][self.language] if kind in _PERSONAL else kind.upper()

    def payout(self, kind: str) -> str:
        """Return what a guarantee's kind of payment is called."""
        return _PAYOUTS[kind][self.language] if kind in _PAYOUTS else kind

    def trait(self, key: str) -> str:
        """Return what a condition of a rule looks at is called."""
        if key.startswith("main_"):
            return f"{self.task(key.removeprefix('main_'))} ({_MAIN[self.language]})"
        return _TRAITS[key][self.language] if key in _TRAITS else self.task(key)

    def trait_value(self, key: str, value: str) -> str:
        """Return what a value of a condition is called."""
        if value in _ANSWERS:
            return _ANSWERS[value][self.language]
        task = "complaint" if key in ("double_deviation", "agency", "review") else key.removeprefix("main_")
        return self.task(value) if key == "unsure" else self.label(task, value)

    def said(self, kind: str, item: Mapping[str, Any], key: str = "text") -> str:
        """Return a plan's own phrase in the reader's language, or as the plan says it where it is not ours."""
        own = str(item.get(key) or item["id"])
        phrase = wording(self.language).get(kind, {}).get(item["id"], own)
        return own if "{" in phrase else phrase


@cache
def _codebook() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads(files("api.console").joinpath("codebook.toml").read_text(encoding="utf-8"))


def labels_of(task: Task, decision: Mapping[str, Any] | None) -> list[str]:
    """Return the labels that a stored decision gives."""
    if decision is None:
        return []
    if task.kind is TaskKind.FLAG:
        return [] if decision["label"] is None else [("no", "yes")[decision["label"]]]
    return list(decision["labels"]) if task.kind is TaskKind.MULTI else [decision["label"]]
