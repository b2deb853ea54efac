"""The PostgreSQL of the run."""

from tests.api.conftest import anyio_backend, postgres

__all__ = ["anyio_backend", "postgres"]
