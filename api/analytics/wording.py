"""What figures mean, in the words of those who read them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["FORMULA"]

FORMULA: Final[Mapping[str, str]] = MappingProxyType(
    {
        "es": "100 × (1 − (0,25 × bajas + 0,5 × moderadas + 0,75 × altas + 1 × críticas) ÷ mensajes con respuesta a "
        "«¿es una queja?»). Un mensaje que no es queja no resta nada.",
        "pt": "100 × (1 − (0,25 × baixas + 0,5 × moderadas + 0,75 × altas + 1 × críticas) ÷ mensagens com resposta a "
        "“é uma reclamação?”). Uma mensagem que não é reclamação não tira nada.",
        "en": "100 × (1 − (0.25 × low + 0.5 × moderate + 0.75 × high + 1 × critical) ÷ messages known to complain or "
        "not). A message that is no complaint takes nothing away.",
    }
)
"""How the satisfaction index of a touchpoint is computed; the weights are ``charts.WEIGHTS``."""
