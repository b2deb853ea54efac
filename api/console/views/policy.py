"""The policy as tables, and what another one would change."""

from __future__ import annotations

from api.analytics.policy import MOST_CASES, RuleRow, Trial, conditions, rule_rows, try_policy

__all__ = ["MOST_CASES", "RuleRow", "Trial", "conditions", "rule_rows", "try_policy"]
