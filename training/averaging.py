"""Averages of networks of one shape, weight by weight.

Where one network was trained on from the other, what lies between them often answers as well as either, and better
about text that the training messages don't resemble. After Wortsman et al., "Robust fine-tuning of zero-shot models"
(CVPR 2022) and "Model soups" (ICML 2022).
"""

from __future__ import annotations

import torch
from torch import nn


def draw_towards(network: nn.Module, other: nn.Module, share: float) -> None:
    """Make each weight of ``network``, in place, its own by 1 - ``share`` and that of ``other`` by ``share``.

    Raise ``ValueError`` if they are not of one shape.
    """
    theirs = dict(other.named_parameters())
    ours = dict(network.named_parameters())
    shapes = [{name: tuple(each.shape) for name, each in side.items()} for side in (ours, theirs)]
    if shapes[0] != shapes[1]:
        differing = sorted({name for name, _ in set(shapes[0].items()) ^ set(shapes[1].items())})
        raise ValueError(f"networks of other shapes: {', '.join(differing[:3])}")
    with torch.no_grad():
        for name, weight in ours.items():
            weight.lerp_(theirs[name].to(weight.device, weight.dtype), share)
