"""Service recovery: what is owed to a customer, and why.

``make_plan(policy, classification, context)`` is a pure function: no database, no web, no clock of its own.
``default_policy.toml`` is the policy that comes with it, ``clocks.toml`` the legal terms, ``wording_*.toml`` what
people read.
"""

from api.recovery.case import Case, Context, Money
from api.recovery.plan import Plan
from api.recovery.planner import make_plan
from api.recovery.policy import Policy
from api.recovery.reading import default_policy, policy_from, read_policy

__all__ = ["Case", "Context", "Money", "Plan", "Policy", "default_policy", "make_plan", "policy_from", "read_policy"]
