"""What is put together once a process is there in all that are forked from the one that imports this."""

from __future__ import annotations

from api.main import create_app
from api.settings import Settings

create_app(Settings())
