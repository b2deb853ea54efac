"""Mailboxes over IMAP: every mail read once, its tags written back, people's changes taken as corrections.

``settings`` → ``connection`` (IMAP) → ``mime`` (bytes to text) → ``parking`` (what nobody wrote to us) → ``judging``
(the classification) → ``tagging`` and ``writing`` (labels to tags, tags to the server) → ``corrections`` (back).
``follow`` puts them in order; ``api.store.inbox`` is the ledger of what was done.
"""
