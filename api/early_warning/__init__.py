"""Early warning: complaints that rise unusually, told before they are many.

Counts by slice (``api.store.alerts``) → a seasonal baseline (``baseline``) → which rises are unusual (``rises``) →
alerts raised, kept and closed (``watch``), told with examples (``examples``) and in words (``wording``).
"""
