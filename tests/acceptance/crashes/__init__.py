"""Messages are posted while the processes that take them are killed again and again: what came of it.

    python -m tests.acceptance.crashes --messages 1000 --kills 10 --database postgres --workers 2

``points`` names the moments at which a process ends as by a power failure, ``processes`` runs what can be killed,
``client`` posts until it is answered, ``receiver`` verifies what it is sent, ``siege`` kills, ``judging`` counts.
"""
