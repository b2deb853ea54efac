"""The PostgreSQL of the run, and commands on it."""

from tests.api.conftest import anyio_backend, own_folder, postgres
from tests.api.store.backup.conftest import recupera

__all__ = ["anyio_backend", "own_folder", "postgres", "recupera"]
