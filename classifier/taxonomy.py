"""The vocabulary: nine tasks and their labels, as data.

Ids are stable: a stored classification, a help-desk tag or a dashboard may rely on them for as long as
``TAXONOMY_VERSION`` stays the same. The order of ``Task.labels`` is the order of a model's output columns; for an
ordinal task it is also the order of the levels, lowest first. ``docs/codebook.md`` says how each label is told from
its neighbours.

Sources: motives, moments of truth, guarantees and difficult customers from Lovelock & Wirtz, *Services Marketing*;
the three justices from Tax, Brown & Chandrashekaran (Journal of Marketing 62(2), 1998); the traits of good service
after Parasuraman, Zeithaml & Berry (Journal of Retailing 64(1), 1988).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

TAXONOMY_VERSION: Final = "1"

LANGUAGES: Final = ("es", "pt")
"""Languages of the messages that are classified (ISO 639-1)."""


class TaskKind(StrEnum):
    """How a task's labels relate to each other."""

    FLAG = "flag"  # yes or no
    MULTI = "multi"  # one or more labels, the main one first
    ORDINAL = "ordinal"  # exactly one level of an ordered scale
    SINGLE = "single"  # exactly one label


@dataclass(frozen=True, slots=True)
class Translated:
    """One phrase in the three languages of the interface."""

    es: str
    pt: str
    en: str

    def __getitem__(self, language: str) -> str:
        """Return the phrase in ``language`` (``es``, ``pt`` or ``en``; a region such as ``pt-BR`` is ignored)."""
        short = language[:2].lower()
        if short not in ("es", "pt", "en"):
            raise KeyError(language)
        phrase: str = getattr(self, short)
        return phrase


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a task."""

    id: str
    name: Translated
    definition: Translated


@dataclass(frozen=True, slots=True)
class Task:
    """One question asked of every message, and its possible answers.

    ``complaints_only`` marks tasks that have no answer for a message that is not a complaint.
    """

    id: str
    kind: TaskKind
    name: Translated
    definition: Translated
    labels: tuple[Label, ...]
    complaints_only: bool = True

    @property
    def label_ids(self) -> tuple[str, ...]:
        """Ids of the labels, in the order of a model's output columns."""
        return tuple(label.id for label in self.labels)

    @property
    def width(self) -> int:
        """Number of logits that a model has for this task: one for a flag, else one a label."""
        return 1 if self.kind is TaskKind.FLAG else len(self.labels)

    def label(self, label_id: str) -> Label:
        """Return the label called ``label_id``; raise ``KeyError`` if the task has none of that name."""
        for label in self.labels:
            if label.id == label_id:
                return label
        raise KeyError(f"task {self.id!r} has no label {label_id!r}; it has {', '.join(self.label_ids)}")


def _label(label_id: str, names: tuple[str, str, str], definitions: tuple[str, str, str]) -> Label:
    """Build a label from its names and definitions in Spanish, Portuguese and English."""
    return Label(label_id, Translated(*names), Translated(*definitions))


_YES_NO: Final = (
    _label("no", ("no", "não", "no"), ("No es el caso.", "Não é o caso.", "It is not the case.")),
    _label("yes", ("sí", "sim", "yes"), ("Es el caso.", "É o caso.", "It is the case.")),
)

COMPLAINT: Final = Task(
    id="complaint",
    kind=TaskKind.FLAG,
    name=Translated("queja", "reclamação", "complaint"),
    definition=Translated(
        "El mensaje dice que algo quedó por debajo de lo que el cliente esperaba.",
        "A mensagem diz que algo ficou abaixo do que o cliente esperava.",
        "The message says that something fell short of what the customer expected.",
    ),
    labels=_YES_NO,
    complaints_only=False,
)

MOTIVE: Final = Task(
    id="motive",
    kind=TaskKind.MULTI,
    name=Translated("motivo", "motivo", "motive"),
    definition=Translated(
        "Para qué se queja el cliente.", "Para que o cliente reclama.", "What the customer complains for."
    ),
    labels=(
        _label(
            "restitution",
            ("restitución", "restituição", "restitution"),
            (
                "Quiere que le devuelvan, reparen, entreguen o compensen lo perdido.",
                "Quer que devolvam, reparem, entreguem ou compensem o que perdeu.",
                "Wants what was lost returned, repaired, delivered or compensated.",
            ),
        ),
        _label(
            "venting",
            ("desahogo", "desabafo", "venting"),
            (
                "Suelta su enfado o decepción sin pedir nada.",
                "Solta a raiva ou a decepção sem pedir nada.",
                "Lets out anger or disappointment and asks for nothing.",
            ),
        ),
        _label(
            "improvement",
            ("mejora", "melhoria", "improvement"),
            (
                "Propone o pide que el servicio mejore en adelante.",
                "Propõe ou pede que o serviço melhore daqui para a frente.",
                "Proposes or asks that the service do better from now on.",
            ),
        ),
        _label(
            "altruism",
            ("altruismo", "altruísmo", "altruism"),
            (
                "Avisa o protege a otras personas.",
                "Avisa ou protege outras pessoas.",
                "Warns or protects other people.",
            ),
        ),
    ),
)

SEVERITY: Final = Task(
    id="severity",
    kind=TaskKind.ORDINAL,
    name=Translated("gravedad", "gravidade", "severity"),
    definition=Translated(
        "Qué tan graves son las consecuencias y la ruptura que se cuentan.",
        "Quão graves são as consequências e a ruptura relatadas.",
        "How grave the consequences and the rupture are, as told.",
    ),
    labels=(
        _label(
            "low",
            ("baja", "baixa", "low"),
            (
                "Una molestia o un deseo; el servicio funcionó en lo esencial.",
                "Um incômodo ou um desejo; o serviço funcionou no essencial.",
                "An annoyance or a wish; the service mostly worked.",
            ),
        ),
        _label(
            "moderate",
            ("moderada", "moderada", "moderate"),
            (
                "Un fallo real de tamaño corriente, fácil de arreglar todavía.",
                "Uma falha real de tamanho comum, ainda fácil de corrigir.",
                "A real failure of ordinary size, still easily put right.",
            ),
        ),
        _label(
            "high",
            ("alta", "alta", "high"),
            (
                "Pérdida grande o duradera, fallo repetido, maltrato, o anuncia que se va o que reclamará fuera.",
                "Perda grande ou duradoura, falha repetida, maus-tratos, ou anuncia que vai sair ou reclamar fora.",
                "A large or lasting loss, a repeated failure, mistreatment, or an announced exit or outside claim.",
            ),
        ),
        _label(
            "critical",
            ("crítica", "crítica", "critical"),
            (
                "Peligro, discriminación, fraude, pérdida de un servicio esencial, persona vulnerable o acción legal.",
                "Perigo, discriminação, fraude, perda de serviço essencial, pessoa vulnerável ou ação legal iniciada.",
                "Danger, discrimination, fraud, loss of an essential service, a vulnerable person, or legal action.",
            ),
        ),
    ),
)

JUSTICE: Final = Task(
    id="justice",
    kind=TaskKind.MULTI,
    name=Translated("justicia vulnerada", "justiça violada", "justice breached"),
    definition=Translated("Qué fue lo injusto.", "O que foi injusto.", "What was unfair."),
    labels=(
        _label(
            "outcome",
            ("de resultado", "de resultado", "outcome"),
            (
                "Lo que el cliente recibió, perdió o pagó.",
                "O que o cliente recebeu, perdeu ou pagou.",
                "What the customer got, lost or paid.",
            ),
        ),
        _label(
            "procedural",
            ("de procedimiento", "de procedimento", "procedural"),
            (
                "Las reglas, los trámites y el tiempo que exige.",
                "As regras, os trâmites e o tempo que exige.",
                "The rules, the process and the time it takes.",
            ),
        ),
        _label(
            "interactional",
            ("de trato", "de tratamento", "interactional"),
            (
                "Cómo lo trataron: cortesía, honestidad, empatía, explicación.",
                "Como o trataram: cortesia, honestidade, empatia, explicação.",
                "How people treated the customer: courtesy, honesty, empathy, explanation.",
            ),
        ),
    ),
)

QUALITY: Final = Task(
    id="quality",
    kind=TaskKind.SINGLE,
    name=Translated("rasgo de calidad", "traço de qualidade", "quality trait"),
    definition=Translated(
        "Qué rasgo del buen servicio falló más.",
        "Que traço do bom serviço falhou mais.",
        "Which trait of good service failed most.",
    ),
    labels=(
        _label(
            "reliability",
            ("fiabilidad", "confiabilidade", "reliability"),
            (
                "Lo prometido no se entregó bien o a tiempo.",
                "O prometido não foi entregue bem ou no prazo.",
                "What was promised was not dependably delivered.",
            ),
        ),
        _label(
            "responsiveness",
            ("capacidad de respuesta", "capacidade de resposta", "responsiveness"),
            (
                "La ayuda fue lenta, nula o rígida.",
                "A ajuda foi lenta, nula ou rígida.",
                "Help was slow, absent or inflexible.",
            ),
        ),
        _label(
            "consistency",
            ("coherencia", "coerência", "consistency"),
            (
                "La empresa no cumplió su palabra, precio, oferta o contrato.",
                "A empresa não cumpriu a palavra, o preço, a oferta ou o contrato.",
                "The firm did not keep its word, price, offer or contract.",
            ),
        ),
        _label(
            "empathy",
            ("empatía", "empatia", "empathy"),
            (
                "El trato fue grosero o indiferente.",
                "O tratamento foi grosseiro ou indiferente.",
                "The treatment was rude or uncaring.",
            ),
        ),
        _label(
            "tangibles",
            ("elementos tangibles", "elementos tangíveis", "tangibles"),
            (
                "Falló el aspecto, la comodidad, la limpieza o los materiales.",
                "Falhou o aspecto, o conforto, a limpeza ou os materiais.",
                "The look, comfort, cleanliness or materials failed.",
            ),
        ),
    ),
)

TOUCHPOINT: Final = Task(
    id="touchpoint",
    kind=TaskKind.SINGLE,
    name=Translated("punto de contacto", "ponto de contato", "touchpoint"),
    definition=Translated(
        "De qué momento de la verdad trata el mensaje.",
        "De que momento da verdade trata a mensagem.",
        "Which moment of truth the message is about.",
    ),
    labels=(
        _label(
            "information",
            ("información", "informação", "information"),
            (
                "Publicidad, ofertas y datos del producto.",
                "Publicidade, ofertas e dados do produto.",
                "Advertising, offers and product information.",
            ),
        ),
        _label(
            "purchase",
            ("compra", "compra", "purchase"),
            (
                "Pedido, alta y pago en caja.",
                "Pedido, cadastro e finalização da compra.",
                "Ordering, sign-up and checkout.",
            ),
        ),
        _label(
            "billing",
            ("facturación", "cobrança", "billing"),
            (
                "Cobros, pagos, facturas y crédito.",
                "Cobranças, pagamentos, faturas e crédito.",
                "Charges, payments, invoices and credit.",
            ),
        ),
        _label(
            "fulfilment",
            ("entrega", "entrega", "fulfilment"),
            (
                "Envío, entrega, instalación o cita.",
                "Envio, entrega, instalação ou agendamento.",
                "Shipping, delivery, installation or appointment.",
            ),
        ),
        _label(
            "use",
            ("uso", "uso", "use"),
            (
                "El producto, la app, la estancia o el servicio en uso.",
                "O produto, o aplicativo, a estadia ou o serviço em uso.",
                "The product, app, stay or service in use.",
            ),
        ),
        _label(
            "support",
            ("atención al cliente", "atendimento ao cliente", "support"),
            (
                "El contacto con el servicio de atención.",
                "O contato com o serviço de atendimento.",
                "The contact with customer service.",
            ),
        ),
        _label(
            "returns",
            ("devolución y garantía", "devolução e garantia", "returns"),
            (
                "Reembolso, cambio, garantía o reparación.",
                "Reembolso, troca, garantia ou conserto.",
                "Refund, exchange, warranty or repair.",
            ),
        ),
        _label(
            "termination",
            ("cancelación", "cancelamento", "termination"),
            ("Cancelar, irse o portar.", "Cancelar, sair ou portar.", "Cancelling, leaving or porting out."),
        ),
    ),
    complaints_only=False,
)

TONE: Final = Task(
    id="tone",
    kind=TaskKind.ORDINAL,
    name=Translated("tono", "tom", "tone"),
    definition=Translated(
        "La temperatura emocional del mensaje.",
        "A temperatura emocional da mensagem.",
        "The emotional temperature of the message.",
    ),
    labels=(
        _label(
            "calm",
            ("tranquilo", "calmo", "calm"),
            ("Objetivo o amable.", "Objetivo ou amável.", "Factual or friendly."),
        ),
        _label(
            "upset",
            ("disgustado", "chateado", "upset"),
            (
                "Decepcionado, preocupado o cansado.",
                "Decepcionado, preocupado ou cansado.",
                "Disappointed, worried or tired of it.",
            ),
        ),
        _label(
            "angry",
            ("enfadado", "indignado", "angry"),
            (
                "Indignado, sarcástico o a gritos.",
                "Indignado, sarcástico ou aos gritos.",
                "Indignant, sarcastic or shouting.",
            ),
        ),
        _label(
            "abusive",
            ("ofensivo", "ofensivo", "abusive"),
            (
                "Insultos o amenazas contra personas.",
                "Insultos ou ameaças contra pessoas.",
                "Insults or threats aimed at people.",
            ),
        ),
    ),
    complaints_only=False,
)

GUARANTEE: Final = Task(
    id="guarantee",
    kind=TaskKind.FLAG,
    name=Translated("garantía invocada", "garantia invocada", "guarantee invoked"),
    definition=Translated(
        "El cliente apoya su reclamo en una garantía, promesa, plazo o derecho.",
        "O cliente apoia a reclamação em uma garantia, promessa, prazo ou direito.",
        "The customer rests the claim on a guarantee, promise, deadline or right.",
    ),
    labels=_YES_NO,
)

CONDUCT: Final = Task(
    id="conduct",
    kind=TaskKind.SINGLE,
    name=Translated("conducta del autor", "conduta do autor", "author's conduct"),
    definition=Translated(
        "Conducta difícil que muestra quien escribe; un aviso para personas, nunca un castigo.",
        "Conduta difícil de quem escreve; um aviso para pessoas, nunca uma punição.",
        "Difficult behaviour shown by the author; a flag for people, never a penalty.",
    ),
    labels=(
        _label("none", ("ninguna", "nenhuma", "none"), ("Conducta corriente.", "Conduta comum.", "Ordinary conduct.")),
        _label(
            "belligerent",
            ("agresivo", "agressivo", "belligerent"),
            (
                "Insulta o amenaza al personal.",
                "Insulta ou ameaça os funcionários.",
                "Insults or threatens the staff.",
            ),
        ),
        _label(
            "cheat",
            ("tramposo", "trapaceiro", "cheat"),
            (
                "Busca una compensación indebida.",
                "Busca uma compensação indevida.",
                "Seeks undue compensation.",
            ),
        ),
        _label(
            "thief",
            ("ladrón", "ladrão", "thief"),
            ("Admite llevarse algo sin pagar.", "Admite levar algo sem pagar.", "Admits taking without paying."),
        ),
        _label(
            "rule_breaker",
            ("incumplidor de normas", "infrator de regras", "rule breaker"),
            (
                "Rompe reglas que protegen a otros o pide saltárselas.",
                "Quebra regras que protegem outros ou pede exceção.",
                "Breaks rules that protect others, or asks to be exempt.",
            ),
        ),
        _label(
            "family_feuder",
            ("pleito familiar", "briga familiar", "family feuder"),
            (
                "Disputa con su familia o con otros clientes.",
                "Briga com a própria família ou com outros clientes.",
                "Quarrels with family or other customers.",
            ),
        ),
        _label(
            "vandal",
            ("vándalo", "vândalo", "vandal"),
            (
                "Daña o amenaza con dañar bienes.",
                "Danifica ou ameaça danificar bens.",
                "Damages or threatens to damage property.",
            ),
        ),
        _label(
            "deadbeat",
            ("moroso", "caloteiro", "deadbeat"),
            (
                "Admite no pagar lo que debe sin motivo de queja.",
                "Admite não pagar o que deve sem queixa declarada.",
                "Admits not paying what is owed, without a grievance.",
            ),
        ),
    ),
)

TASKS: Final = (COMPLAINT, MOTIVE, SEVERITY, JUSTICE, QUALITY, TOUCHPOINT, TONE, GUARANTEE, CONDUCT)
"""The nine tasks, in the order of a model's output columns."""

TASK_BY_ID: Final[Mapping[str, Task]] = MappingProxyType({task.id: task for task in TASKS})
