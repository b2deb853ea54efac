"""Whether a candidate may take the place of the current model, and putting it there.

Four gates: the candidate is no worse than the current model on any task's main figure beyond noise; its probabilities
come true; it was not trained on what it is measured on, as far as all that it was trained on is there to be looked at;
its directory is whole, of this taxonomy, and has a version of its own. What is refused leaves everything as it was.

``judgement`` measures and decides, ``placement`` writes, ``small_network`` sees to the one that learned from the model.
"""

from __future__ import annotations

from training.release.judgement import (
    CALIBRATION_LIMIT,
    Calibrated,
    Leaks,
    Limits,
    Report,
    as_version,
    calibration_checks,
    calibration_noise,
    find_leaks,
    judge,
    without,
)
from training.release.placement import keep_measured, put_in_place
from training.release.small_network import SmallNetwork, keep_small_network, refit_small_network

__all__ = [
    "CALIBRATION_LIMIT",
    "Calibrated",
    "Leaks",
    "Limits",
    "Report",
    "SmallNetwork",
    "as_version",
    "calibration_checks",
    "calibration_noise",
    "find_leaks",
    "judge",
    "keep_measured",
    "keep_small_network",
    "put_in_place",
    "refit_small_network",
    "without",
]
