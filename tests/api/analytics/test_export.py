"""``GET /v1/export``: what is in the files, on both databases, and that they are harmless and small in memory."""

from __future__ import annotations

import csv
import io
import json
import time
import tracemalloc
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.analytics.export import COLUMNS, FORMATS, export, harmless
from api.analytics.reader import Analytics
from api.analytics.selection import Selection
from api.store.database import Store, database_url
from api.store.samples import PREFIX
from benchmarks.generated import Shape, fill

pytestmark = pytest.mark.anyio

WHEN = "2026-03-02T12:00:00Z"
PERIOD = {"since": "2026-03-01", "until": "2026-03-04"}
TEXT = "La caja llegó rota. Llámenme al 612 345 678 o escriban a ana.perez@example.com."

ORDINARY = "Pagué 20 % más, no menos: (+34) 600 no contesta; fue él|ella y escribí a a@b.es - dos veces"


async def send(service: httpx.AsyncClient, text: str = TEXT, **more: Any) -> str:
    body = {"channel": "email", "external_id": str(len(text)), "text": text, "received_at": WHEN, **more}
    said = await service.post("/v1/messages", json=body)
    assert said.status_code == 201, said.text
    return str(said.json()["message_id"])


async def download(service: httpx.AsyncClient, form: str, **query: Any) -> bytes:
    said = await service.get(f"/v1/export.{form}", params={**PERIOD, **query})
    assert said.status_code == 200, said.text
    assert said.headers["content-disposition"] == f'attachment; filename="recupera-2026-03-01-2026-03-04.{form}"'
    return said.content


def rows_of(form: str, content: bytes) -> list[dict[str, Any]]:
    if form == "csv":
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    if form == "jsonl":
        return [json.loads(line) for line in content.splitlines()]
    return list(pq.read_table(io.BytesIO(content)).to_pylist())


@pytest.mark.parametrize("form", FORMATS)
async def test_a_message_with_its_labels(service: httpx.AsyncClient, form: str) -> None:
    name = await send(service, customer={"id": "ana@example.com", "country": "ES"})
    (row,) = rows_of(form, await download(service, form))
    assert list(row) == list(COLUMNS)
    assert (row["message_id"], row["channel"], row["country"], row["severity"]) == (name, "email", "ES", "high")
    assert row["motive"] == ("restitution;altruism" if form == "csv" else ["restitution", "altruism"])
    assert row["complaint"] == ("true" if form == "csv" else True)


@pytest.mark.parametrize("form", FORMATS)
async def test_personal_data_is_masked_unless_asked_for(service: httpx.AsyncClient, form: str) -> None:
    await send(service, customer={"id": "ana@example.com"})
    content = await download(service, form)
    (row,) = rows_of(form, content)
    assert row["text"] == "La caja llegó rota. Llámenme al <PHONE> o escriban a <EMAIL>."
    assert not row["external_id"]
    assert not row["customer_id"]
    (row,) = rows_of(form, await download(service, form, masked="false"))
    assert (row["text"], row["customer_id"]) == (TEXT, "ana@example.com")


@pytest.mark.parametrize("form", FORMATS)
async def test_samples_are_told_from_real_messages(service: httpx.AsyncClient, form: str) -> None:
    await send(service, external_id=f"{PREFIX}1", customer={"id": f"{PREFIX}1"})
    await send(service, external_id=f"{PREFIX}2", customer={"id": "ana"})
    found = rows_of(form, await download(service, form))
    assert [row["sample"] for row in found] == (["true", "false"] if form == "csv" else [True, False])


@pytest.mark.parametrize("form", FORMATS)
async def test_nothing_is_a_file_too(service: httpx.AsyncClient, form: str) -> None:
    content = await download(service, form)
    assert rows_of(form, content) == []
    if form == "csv":
        assert content.decode("utf-8-sig").strip().split(",") == list(COLUMNS)


async def test_filters_and_corrections(service: httpx.AsyncClient) -> None:
    grave, corrected = await send(service, "Esto es gravísimo"), await send(service, "Muy mal servicio")
    await send(service, "Todo bien")
    labels = {"complaint": True, "severity": "critical"}
    said = await service.post(f"/v1/messages/{corrected}/feedback", json={"labels": labels})
    assert said.status_code == 201, said.text
    found = rows_of("jsonl", await download(service, "jsonl", severity="critical"))
    assert {(row["message_id"], row["corrected"]) for row in found} == {(grave, False), (corrected, True)}
    found = rows_of("jsonl", await download(service, "jsonl", severity="high"))
    assert found == []
    found = rows_of("jsonl", await download(service, "jsonl", complaint="false"))
    assert [(row["text"], row["severity"]) for row in found] == [("Todo bien", None)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("  +34 600", "  '+34 600"),
        ("\t-1", "\t'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1+1", "'＝1+1"),
        ('"=1', "\"'=1"),
        ("\x00=1", "'=1"),
        ("\u202e=1", "'=1"),
        ("No llegó;=cmd|' /C calc'!A0;", "No llegó;'=cmd|' /C calc'!A0;"),
        ('No llegó , " ＋1', "No llegó , \" '＋1"),
        ("uno;-2\n\n@tres;=4", "uno;'-2\n\n'@tres;'=4"),
        ("a\u202eb\u2066c", "abc"),
        ("mal = peor", "mal = peor"),
        (ORDINARY, ORDINARY),
        ("", ""),
    ],
)  # fmt: skip
def test_no_spreadsheet_computes_a_text(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(st.text(";,\t\n\r \"'=+-@＝−x\u2028\u200b", max_size=24))
def test_no_cell_is_a_formula_whatever_cuts_the_file(text: str) -> None:
    written = _csv([text, "after"])
    for separator, quote in product(";,\t", ('"', None)):
        assert _formulas(written, separator, quote) == []
    assert [row["text"] for row in rows_of("csv", written)] == [harmless(text), "after"]


def test_a_formula_is_found_where_a_text_is_not_guarded() -> None:
    unguarded = "a,b\r\n1,No llegó;=cmd|' /C calc'!A0;\r\n".encode()
    assert _formulas(unguarded, ";", '"') == ["=cmd|' /C calc'!A0"]


def test_a_long_text_is_read_once() -> None:
    began = time.process_time()
    for blank in ("\n", ";", " ", '"', "=", "; "):
        harmless(blank * 100_000)
    assert time.process_time() - began < 1


def _csv(texts: list[str]) -> bytes:
    """Return a file of messages with these texts."""
    nothing = dict.fromkeys(COLUMNS)
    return FORMATS["csv"]().write([{**nothing, "message_id": "1", "text": text} for text in texts])


def _formulas(content: bytes, separator: str, quote: str | None) -> list[str]:
    """Return what a spreadsheet with this separator would compute; without ``quote`` it knows none."""
    plain = {"quoting": csv.QUOTE_NONE} if quote is None else {"quotechar": quote}
    file = io.StringIO(content.decode("utf-8-sig"), newline="")
    cells = [
        cell.strip('\ufeff\u200b \t\r\n"') for row in csv.reader(file, delimiter=separator, **plain) for cell in row
    ]
    return [cell for cell in cells if cell.startswith(tuple("=+-@＝−"))]


async def test_hostile_texts_stay_texts(service: httpx.AsyncClient) -> None:
    texts = ['=HYPERLINK("http://x","y")', "No llegó;=1+1", '<script>alert("1")</script>', 'a\r\nb,"c";d', "x" * 20_000]
    for place, text in enumerate(texts):
        await send(service, text, external_id=f"h{place}")
    found = [row["text"] for row in rows_of("csv", await download(service, "csv"))]
    assert found == ["'" + texts[0], "No llegó;'=1+1", *texts[2:]]
    assert [row["text"] for row in rows_of("jsonl", await download(service, "jsonl"))] == texts
    assert [row["text"] for row in rows_of("parquet", await download(service, "parquet"))] == texts


@pytest.mark.parametrize(
    "query", [{"since": "2026-03-04"}, {"timezone": "Mars/Base"}, {"severity": "awful"}, {"x": "1"}]
)
async def test_a_wrong_filter_is_refused(service: httpx.AsyncClient, query: dict[str, str]) -> None:
    said = await service.get("/v1/export.csv", params={**PERIOD, **query})
    assert said.status_code == 422
    assert said.headers["content-type"] == "application/problem+json"


async def test_an_unknown_format_is_refused(service: httpx.AsyncClient) -> None:
    assert (await service.get("/v1/export.xlsx")).status_code in (404, 422)


async def test_all_messages_once_in_the_order_of_their_time(large: Store) -> None:
    selection = Selection(date(2026, 10, 1), date(2026, 11, 1), labels={"motive": ("venting",)})
    expected = (await Analytics(large).overview(selection)).messages.now
    lines = [line async for line in export(large, selection, FORMATS["jsonl"](), masked=True)]
    rows = rows_of("jsonl", b"".join(lines))
    moments = [datetime.fromisoformat(row["received_at"]) for row in rows]
    assert moments == sorted(moments)
    assert len({row["message_id"] for row in rows}) == len(rows) == expected > 0
    assert all("venting" in row["motive"] for row in rows)


@pytest.mark.parametrize("form", FORMATS)
async def test_memory_does_not_grow_with_the_file(form: str, tmp_path: Path, anyio_backend: str) -> None:
    peaks = []
    for count in (4_000, 12_000):
        url = database_url(None, tmp_path / f"{count}")
        store = await Store.open(url)
        fill(url, Shape(count, days=2, cased=0, corrected=0))
        selection, size = Selection(date(2026, 11, 20), date(2026, 11, 30)), 0
        tracemalloc.start()
        async for part in export(store, selection, _small(form), masked=True):
            size += len(part)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        await store.close()
        assert size > 10 * count
    assert peaks[1] < 1.3 * peaks[0]


def _small(form: str) -> Any:
    """Return a writer whose row groups are small enough to be several."""
    return FORMATS[form](group=2_000) if form == "parquet" else FORMATS[form]()


async def test_same_moments_are_told_apart(service: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.analytics.export._PAGE", 2)
    names = [await send(service, external_id=f"s{place}") for place in range(5)]
    found = rows_of("jsonl", await download(service, "jsonl"))
    assert [row["message_id"] for row in found] == sorted(names)
    assert {row["received_at"] for row in found} == {WHEN}
