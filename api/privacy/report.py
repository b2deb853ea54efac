"""What an erasure did and what is left of it: told, proven and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from api.privacy.copies.cleaning import Cleaned, State, clean_all
from api.privacy.copies.reading import rows_of
from api.privacy.erasing import Erased
from api.store import erasable, trail
from api.store.cleaning import clean
from api.store.database import DatabaseUrl, Store
from api.store.records import EventType
from api.store.searching import Found, search
from api.store.vault import Vault

__all__ = ["Download", "Report", "proven", "would_be"]


@dataclass(frozen=True, slots=True)
class Download:
    """Who took exports away that may hold what was erased, how often, and when last."""

    kind: str
    name: str
    count: int
    last: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was erased, without anything that tells of whom.

    ``removed`` counts rows by table. ``told`` names the destinations that are told to erase, ``not_told`` those that
    knew of the messages and don't ask for that event: they must be told by hand. ``searched_for`` names and numbers
    of the customer are looked for in all that is stored; ``left_out`` are too short to look for. ``exports`` are files
    that were written or named, ``downloads`` those whose copies nobody else knows of.
    """

    scope: str
    dry_run: bool
    removed: Mapping[str, int]
    cases_ended: int
    cases_shared: int
    events: int
    told: Sequence[str] = ()
    not_told: Sequence[str] = ()
    cleaned: Mapping[str, str] = field(default_factory=dict)
    searched_for: int = 0
    left_out: int = 0
    tables: int = 0
    rows: int = 0
    files: int = 0
    found: Sequence[Found] = ()
    exports: Sequence[Cleaned] = ()
    downloads: Sequence[Download] = ()
    erasure_id: str | None = None

    @property
    def is_proven(self) -> bool:
        """Whether it was looked for everywhere and found nowhere."""
        return not self.dry_run and self.searched_for > 0 and not self.is_left

    @property
    def is_left(self) -> bool:
        """Whether something was found, or a file could not be cleaned."""
        return bool(self.found) or any(file.is_left for file in self.exports)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


async def would_be(store: Store, erased: Erased, named: Sequence[Path] = ()) -> Report:
    """Return the report of an erasure that was only tried; ``named`` are files besides those that exports wrote."""
    return await _with_copies(store, erased, _report(erased, dry_run=True), named)


async def proven(
    store: Store,
    url: DatabaseUrl,
    vault: Vault | None,
    erased: Erased,
    *,
    at: datetime,
    actor: str | None = None,
    named: Sequence[Path] = (),
) -> Report:
    """Clean what was overwritten and the files of exports, look for what should be gone, and keep the report.

    ``named`` are files besides those that the store remembers.
    """
    report = _report(erased, dry_run=False)
    if erased.events:
        report = await _with_destinations(store, erased, report)
    if erased.gone:
        report = replace(report, cleaned=await clean(url))
    report = await _with_copies(store, erased, report, named)
    values = erased.traces.values
    if values:
        searched = [file.path for file in report.exports if file.state == State.SEARCHED]
        beside = {path: partial(rows_of, Path(path)) for path in searched}
        looked = await search(store, url, values, vault, beside)
        report = replace(
            report,
            searched_for=len(values),
            tables=looked.tables,
            rows=looked.rows,
            files=looked.files,
            found=looked.found,
        )
    if erased.customer_id is not None:
        async with store.read() as connection:
            if await erasable.is_left(connection, erased.customer_id):
                report = replace(report, found=[*report.found, Found("messages or cases", "", ("customer id",))])
    async with store.write() as connection:
        kept = {name: value for name, value in report.to_dict().items() if name != "erasure_id"}
        name = await erasable.add(connection, at, erased.scope, actor, kept)
    return replace(report, erasure_id=name)


def _report(erased: Erased, *, dry_run: bool) -> Report:
    return Report(
        scope=erased.scope,
        dry_run=dry_run,
        removed=dict(sorted(erased.gone.items())),
        cases_ended=erased.cases_ended,
        cases_shared=erased.cases_shared,
        events=erased.events,
        left_out=erased.traces.left_out,
    )


async def _with_copies(store: Store, erased: Erased, report: Report, named: Sequence[Path]) -> Report:
    """Clean the files of exports, or only count, and say who took copies away."""
    files = await clean_all(store, named, also=erased.message_ids if report.dry_run else (), dry=report.dry_run)
    if erased.since is None:
        return replace(report, exports=files)
    async with store.read() as connection:
        found = await trail.downloads(connection, erased.since)
    downloads = [Download(one.kind, one.name, one.count, one.last.isoformat(timespec="seconds")) for one in found]
    return replace(report, exports=files, downloads=downloads)


async def _with_destinations(store: Store, erased: Erased, report: Report) -> Report:
    async with store.read() as connection:
        reached = await erasable.told_of(connection, erased.message_ids, EventType.CUSTOMER_ERASED)
    told = [name for name, asks in reached if asks]
    return replace(report, told=told, not_told=[name for name, asks in reached if not asks])
