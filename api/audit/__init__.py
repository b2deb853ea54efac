"""Reconciliation: whether all that was accepted is there, once, with all that must follow from it.

``findings`` says what can be found and what to do then, ``checks`` looks at one message, case or event, ``remedies``
at equal failures, ``review`` goes through a store. Nothing is changed, and nothing that a customer wrote is repeated.
"""

from api.audit.findings import Code, Finding, Level
from api.audit.review import Review, review

__all__ = ["Code", "Finding", "Level", "Review", "review"]
