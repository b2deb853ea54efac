"""The model card, in English, Spanish and Portuguese: what the model is for, and what was measured.

A card is a text that its owner may edit, around a block of figures that Recupera writes from the ``metrics.json`` of
the model directory. ``recupera train`` writes the cards whole; ``release`` and ``evaluate --card`` renew the block and
the title, and leave the rest as it is.
"""

from training.card.cards import CARDS, renew_cards, write_cards
from training.card.peers import read_peers

__all__ = ["CARDS", "read_peers", "renew_cards", "write_cards"]
