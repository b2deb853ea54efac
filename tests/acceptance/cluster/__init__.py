"""Several services and workers on one PostgreSQL, one of each killed under load: nothing may be lost.

At length: ``python -m tests.acceptance.cluster --messages 600``. The model is a stand-in that takes no time, so the
figures are those of all else: HTTP, the database, workflows, deliveries.
"""
