"""Sees a case through for days: looks at it when something is due, tells whom it concerns, survives every crash.

``agenda`` says what is due and when, ``turn`` does it in one transaction, ``engine`` is the durable workflow around
it (the only module that knows DBOS), ``relay`` hands it what the outbox holds, ``worker`` keeps all that alive.
"""
