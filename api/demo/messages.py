"""Messages as customers write them, composed for the demonstration: nobody sent them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["MESSAGES", "DemoMessage"]


@dataclass(frozen=True, slots=True)
class DemoMessage:
    """A message and where it comes from; messages of one ``customer`` are one conversation."""

    place: str
    channel: str
    customer: str
    country: str
    tier: str | None
    text: str

    def request(self, number: int) -> Mapping[str, Any]:
        """Return the body of ``POST /v1/messages``."""
        customer: dict[str, Any] = {"id": self.customer, "country": self.country}
        return {
            "channel": self.channel,
            "external_id": f"demo-{number}",
            "text": self.text,
            "customer": customer if self.tier is None else {**customer, "value_tier": self.tier},
            "metadata": {"place": self.place},
        }


MESSAGES: Final = (
    DemoMessage(
        "Puebla",
        "email",
        "lucia",
        "MX",
        None,
        "Buenas tardes. Pedí una licuadora para el cumpleaños de mi mamá y llegó con el vaso estrellado. "
        "Pagué $1,499 por ella, pedido 88120. Les pido que me manden una nueva o me devuelvan mi dinero, "
        "porque la fiesta es el sábado.",
    ),
    DemoMessage(
        "Recife",
        "chat",
        "edson",
        "BR",
        "valued",
        "Vocês cobraram a fatura duas vezes, R$ 289,90 cada! Já abri três protocolos, cada atendente diz uma coisa "
        "e ninguém resolve. Faz duas semanas que espero o estorno.",
    ),
    DemoMessage(
        "Valencia",
        "web",
        "carmen",
        "ES",
        None,
        "Fui a la tienda a cambiar unos zapatos con el tique en la mano y la dependienta me dijo delante de todos "
        "que seguro los había usado yo. Nunca me habían humillado así. No quiero dinero, quiero una disculpa.",
    ),
    DemoMessage(
        "Braga",
        "email",
        "joaquim",
        "PT",
        "valued",
        "Boa tarde. Estou sem internet há nove dias e trabalho a partir de casa. O técnico ficou de vir na terça, "
        "depois na quinta, e não apareceu em nenhum dos dias. O meu contacto é o 912 345 678. Se não resolverem "
        "até sexta, apresento queixa à ANACOM e mudo de operadora.",
    ),
    DemoMessage(
        "Medellín",
        "chat",
        "yolanda",
        "CO",
        None,
        "Solo escribo para agradecerle a Mateo, el de domicilios: se devolvió con mi paraguas que se me había quedado "
        "en la puerta. Así da gusto comprarles.",
    ),
    DemoMessage(
        "Curitiba",
        "web",
        "renata",
        "BR",
        None,
        "O aplicativo aceita a receita vencida e só avisa depois de meia hora de fila. Não perdi nada, tudo bem, mas "
        "minha vizinha de 80 anos já esperou três vezes à toa. Coloquem um aviso antes do pagamento, por favor, para "
        "que ninguém mais passe por isso.",
    ),
    DemoMessage(
        "Rosario",
        "email",
        "gustavo",
        "AR",
        None,
        "Instalaron la estufa ayer y a la noche había olor a gas en toda la casa. Mi hija de cuatro años terminó "
        "en la guardia con vómitos. Llamé a emergencias de ustedes y me dejaron cuarenta minutos en espera. "
        "Esto pudo ser una tragedia.",
    ),
    DemoMessage(
        "Puebla",
        "email",
        "lucia",
        "MX",
        None,
        "Otra vez yo. Me mandaron otra licuadora y vino sin la tapa, no sirve. Ya es la segunda vez que fallan y la "
        "fiesta fue ayer. Qué vergüenza con mi familia.",
    ),
)
"""Eight messages; the last one is the first customer's again, whose case is still open."""
