"""The console at ``/``: pages for agents, service managers and engineers, rendered here, without a build step.

``routes/`` answer, ``views/`` gather what a page shows, ``templates/`` say it, in the languages of ``locales/``.
Nothing of a message is trusted: every value is escaped, and characters that hide or turn text around are made visible.
"""

from api.console.mount import add_console

__all__ = ["add_console"]
