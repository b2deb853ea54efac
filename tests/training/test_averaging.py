from __future__ import annotations

import pytest
import torch
from torch import nn

from training.averaging import draw_towards


def test_each_weight_goes_its_share_of_the_way() -> None:
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    before = {name: each.clone() for name, each in ours.named_parameters()}
    draw_towards(ours, theirs, 0.25)
    for name, each in ours.named_parameters():
        torch.testing.assert_close(each.data, 0.75 * before[name] + 0.25 * theirs.get_parameter(name))


def test_nothing_is_drawn_by_no_share_and_everything_by_a_whole_one() -> None:
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    before = ours.weight.clone()
    draw_towards(ours, theirs, 0.0)
    torch.testing.assert_close(ours.weight.data, before)
    draw_towards(ours, theirs, 1.0)
    torch.testing.assert_close(ours.weight, theirs.weight)


@pytest.mark.parametrize("other", [nn.Linear(3, 3), nn.Linear(3, 2, bias=False)])
def test_a_network_of_another_shape_is_refused(other: nn.Module) -> None:
    with pytest.raises(ValueError, match="other shapes: "):
        draw_towards(nn.Linear(3, 2), other, 0.5)
