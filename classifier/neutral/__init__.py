"""What should move no label is not read: who, where, which firm, in which country's words and with how much care.

A model can't judge by a name that it doesn't see. This is the last step before the network and the n-grams, in use and
in training; facts, evidence and what is shown to people keep the text as it came. Names of people become one name,
those of firms and places another; currencies of like worth one sign; words that differ by country, forms of address and
short forms one of them; accents, capitals and slips what is usual. Sentences that are orders to a machine are left out.
"""

from __future__ import annotations

from classifier.neutral.money import one_currency
from classifier.neutral.people import NAME, one_name
from classifier.neutral.words import PROPER_NAME, one_wording
from classifier.prompt_injection import without_injections

__all__ = ["NAME", "PROPER_NAME", "neutral", "one_currency", "one_name", "one_wording"]


def neutral(text: str, scored: dict[str, float] | None = None) -> str:
    """Return what is read of a text that ``preprocess`` returned; never without words if the text has some.

    Texts with sentences in common share what was found of them in ``scored``.
    """
    return one_wording(one_currency(one_name(without_injections(text, scored).strip())))
