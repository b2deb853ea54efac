"""Deliveries: who asked for an event is told of it, at least once, in the order of the case.

outbox -> ``events`` (who wants it) -> deliveries -> ``dispatcher`` (claims what is due) -> ``senders`` -> destination
"""
