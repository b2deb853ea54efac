"""Peers of the quality benchmark: other ways to classify, trained on the same messages and decided in the same way.

Each is imported only when it is chosen: SetFit needs packages that nothing else here needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.peers.peer import Logits, Peer, Progress, Recipe

__all__ = ["NAMES", "Logits", "Peer", "Progress", "Recipe", "choose"]


def choose(names: Sequence[str], recipe: Recipe) -> list[Peer]:
    """Return the peers called ``names``; raise ``ImportError`` if a package of one is missing."""
    return [peer for name in dict.fromkeys(names) for peer in _MAKERS[name](recipe)]


def _linear(_recipe: Recipe) -> list[Peer]:
    from benchmarks.peers.linear import Linear

    return [Linear()]


def _static(recipe: Recipe) -> list[Peer]:
    from benchmarks.peers.static_embeddings import StaticEmbeddings

    return [StaticEmbeddings(recipe)]


def _spacy(recipe: Recipe) -> list[Peer]:
    from benchmarks.peers.spacy_textcat import SpacyTextcat

    return [SpacyTextcat(recipe)]


def _setfit(recipe: Recipe) -> list[Peer]:
    from benchmarks.peers.setfit_encoder import Body, SetFit

    body = Body(recipe)
    return [SetFit(body, on_all=False), SetFit(body, on_all=True)]


_MAKERS: Mapping[str, Callable[[Recipe], list[Peer]]] = {
    "linear": _linear,
    "static": _static,
    "spacy": _spacy,
    "setfit": _setfit,
}

NAMES = tuple(_MAKERS)
"""What ``--peers`` may name. ``setfit`` is two contestants that share a body."""
