"""What is older than the settings say is erased once a day, in small transactions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from api.background import Background
from api.privacy.copies.cleaning import clean_all
from api.privacy.erasing import Erased, erase_older
from api.privacy.settings import PrivacySettings
from api.store import erasable
from api.store.cleaning import clean
from api.store.database import DatabaseUrl, Store

__all__ = ["Retention", "sweep"]

_DAY_SECONDS: Final = 86_400.0
_PART: Final = 200
log = logging.getLogger(__name__)


async def sweep(store: Store, url: DatabaseUrl, settings: PrivacySettings, now: datetime) -> tuple[int, int]:
    """Erase what is old; return how many messages, and of how many events the deliveries."""
    erased, emptied = Erased("age"), 0
    if settings.keep_messages_days is not None:
        before = now - timedelta(days=settings.keep_messages_days)
        erased = await erase_older(store, before, at=now)
        async with store.write() as connection:
            await erasable.forget_dead(connection, before)
    if settings.keep_deliveries_days is not None:
        emptied = await _empty_deliveries(store, now - timedelta(days=settings.keep_deliveries_days))
    if erased.gone or emptied:
        await clean(url, whole=False)
    return len(erased.message_ids), emptied


async def _empty_deliveries(store: Store, before: datetime) -> int:
    emptied, last = 0, ""
    while True:
        async with store.write() as connection:
            names = await erasable.empty_deliveries(connection, before, after=last, limit=_PART)
        if not names:
            return emptied
        emptied, last = emptied + len(names), names[-1]


class Retention(Background):
    """Sweeps some minutes after the start and every day, as long as the service runs; several at a time do no harm."""

    what = "retention waits"
    first_seconds = 300.0
    failed_seconds = 600.0

    def __init__(
        self,
        store: Store,
        url: DatabaseUrl,
        settings: PrivacySettings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._url = url
        self._settings = settings
        self._clock = clock
        self._copies_wait = True

    def start(self) -> None:
        """Begin, in the background, if anything is to be erased by age."""
        if self._settings.keep_messages_days is not None or self._settings.keep_deliveries_days is not None:
            super().start()

    async def _turn(self) -> float:
        waited, self._copies_wait = self._copies_wait, True
        erased, emptied = await sweep(self._store, self._url, self._settings, self._clock())
        if erased or emptied:
            log.info("retention: %d messages erased, deliveries of %d events", erased, emptied)
        if erased or waited:  # whoever erased before may have been killed before it came to them
            await self._clean_copies()
        self._copies_wait = False
        return _DAY_SECONDS

    async def _clean_copies(self) -> None:
        """Take what was erased out of the files of exports; paths are the operator's, and not for the log."""
        files = await clean_all(self._store)
        if removed := sum(file.removed for file in files):
            log.info("retention: %d lines taken out of exports", removed)
        if left := sum(file.is_left for file in files):
            log.warning("retention: %d exports can't be cleaned: recupera erase --older-than says which", left)
