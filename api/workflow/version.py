"""Under which version cases begin."""

from __future__ import annotations

from typing import Final

__all__ = ["WORKFLOW_VERSION"]

WORKFLOW_VERSION: Final = "1"
"""Stays as it is: a running case finishes under the version it began with, and only workers of that version continue
it. A workflow's code is changed behind ``DBOS.patch``, which lets cases that run already finish the old way; a new
version is for a change that nothing can bridge, and then needs workers of both versions until the old cases end."""
