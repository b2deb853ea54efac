"""Whether changes that should not matter change the answer, and whether groups of people are read alike.

>>> from training.robustness import measure
>>> report = measure(classifier, examples)  # doctest: +SKIP
>>> report.rows()  # doctest: +SKIP
"""

from training.robustness.report import RobustnessReport
from training.robustness.suite import measure

__all__ = ["RobustnessReport", "measure"]
