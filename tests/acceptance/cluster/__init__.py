"""Several services and workers on one PostgreSQL, one of each killed under load: nothing may be lost.

``python -m tests.acceptance.cluster --messages 600`` starts ``recupera serve`` and ``recupera worker`` as they are, on
the shipped model. The suite does it with fewer of them, a stand-in that takes no time, and plans whose days pass in
a second.
"""
