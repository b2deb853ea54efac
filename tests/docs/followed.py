"""The pages that a test follows from the first block to the last, and what each takes for granted of its reader.

Pages are followed in English; that the other languages show the same is a test of its own (``test_blocks``).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Final

from tests.conftest import CORPORA
from tests.docs.blocks import ROOT, blocks
from tests.docs.reader import Reader

__all__ = ["FOLLOWED"]

Preparation = Callable[[Reader], None]
_CLOSED: Final = """
until [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8000/v1/cases)" = 401 ]; do sleep 0.1; done
"""
_FAILED: Final = """
curl -s http://127.0.0.1:8000/v1/messages -H 'Content-Type: application/json' \\
  -d '{"channel": "email", "external_id": "missed", "customer": {"id": "eva", "country": "ES"},
       "text": "La lavadora de 450 € llegó rota, he llamado tres veces y nadie me contesta. Exijo el dinero."}'
until curl -s "http://127.0.0.1:8000/v1/deliveries?status=delivered&destination_id=$DESTINATION" | grep -q delivery_id
do sleep 0.1; done
python -c 'import sqlite3, sys
with sqlite3.connect("recupera-data/recupera.db") as database:
    database.execute("UPDATE deliveries SET status = ? WHERE destination_id = ?", ("dead", sys.argv[1]))' "$DESTINATION"
"""
_REVIEW: Final = """
python -c 'import csv, sys
for name in sys.argv[1:]:
    with open(name, encoding="utf-8-sig", newline="") as sheet:
        rows = list(csv.DictReader(sheet, delimiter=";"))
    with open(name, "w", encoding="utf-8", newline="") as sheet:
        table = csv.DictWriter(sheet, rows[0], delimiter=";")
        table.writeheader()
        table.writerows({{**row, "reviewed": "yes"}} for row in rows)' {names}
"""


def _shared(reader: Reader) -> None:
    reader.share_a_service()


def _early_warning(reader: Reader) -> None:
    reader.share_a_service()
    reader.replaced["/var/lib/recupera"] = "recupera-data"


def _keys(reader: Reader) -> None:
    reader.start_a_service()
    reader.by_hand["curl -s http://127.0.0.1:8000/v1/cases"] = _CLOSED


def _readme(reader: Reader) -> None:
    reader.use_the_toy()
    reader.start_a_service()
    reader.replaced |= {".venv/bin/": "", "make setup\n": ""}


def _first_training(reader: Reader) -> None:
    reader.have_the_repository()
    model = reader.fixture("tiny_model")  # in the place of the one that takes a reader some minutes
    (reader.folder / "runs/first").mkdir(parents=True)
    (reader.folder / "runs/first/model").symlink_to(model)


def _mail_of_the_tutorial(reader: Reader) -> None:
    reader.open_a_mailbox(
        "Faz um mês que espero meu reembolso e ninguém me responde.",
        "Gracias, todo llegó perfecto.",
        "Llevo tres semanas sin servicio, he llamado cuatro veces y nadie responde. Devuélvanme lo pagado.",
    )
    reader.by_hand["recupera inbox run --once"] = 'sed \'s/"none"/"keywords"/\' recupera.toml > t; mv t recupera.toml'


def _mail_of_the_guide(reader: Reader) -> None:
    reader.use_the_toy()
    reader.open_a_mailbox("El pedido llegó tres días tarde y nadie me avisó.", folders=("Sent", "Trash"))
    reader.by_hand["recupera inbox backfill"] = 'sed \'s/"none"/"keywords"/\' recupera.toml > t; mv t recupera.toml'


def _deliveries(reader: Reader) -> None:
    reader.share_a_service()
    reader.by_hand["DELIVERY="] = _FAILED


def _people(reader: Reader) -> None:
    reader.typed += ["first long password", "second long password", "third long password"]


def _privacy(reader: Reader) -> None:
    address = reader.start_a_service()
    reader.send(address, external_id="a", customer={"id": "c-77", "country": "ES"})
    one = reader.send(address, external_id="b", customer={"id": "c-78"}, text="Mi pedido no llegó el día prometido.")
    reader.send(address, external_id="c", customer={"id": "c-79"}, text="Faz um mês que espero o meu reembolso.")
    reader.replaced["01a226bf-0000-7000-8000-000000000000"] = one["message_id"]
    settings = reader.folder / "recupera.toml"
    reader.by_hand["export RECUPERA_SECRET_KEY"] = f"echo '[privacy]\nencrypt = true' > {settings}"


def _operations(reader: Reader) -> None:
    reader.send(reader.start_a_service(), external_id=uuid.uuid4().hex, customer={"id": "ana", "country": "ES"})


def _any_json(reader: Reader) -> None:
    reader.environment["SHOP_SECRET"] = "a secret of the shop"
    reader.fixture("monkeypatch").setenv("SHOP_SECRET", "a secret of the shop")
    (settings,) = blocks(ROOT / "docs/guides/generic.md", "toml")
    reader.start_a_service(settings.code)


def _back_log(reader: Reader) -> None:
    reader.write_messages("messages.parquet", column="body", count=6)
    for day in ("01", "02"):
        reader.write_messages(f"inbox/2026/{day}.jsonl", count=4)


def _labels(reader: Reader) -> None:
    reader.use_the_toy()
    (reader.folder / "runs/support").mkdir(parents=True)
    reader.write_messages("messages.csv", column="body")


def _retraining(reader: Reader) -> None:
    _labels(reader)
    reader.write_messages("sample.csv", column="body", count=10)
    reader.start_a_service()
    reader.by_hand["recupera select --import runs/support/review.csv"] = _REVIEW.format(
        names="runs/support/review.csv runs/support/sample-review.csv"
    )


def _released(reader: Reader) -> None:
    reader.label_messages("runs/support/sample.jsonl", count=20)
    reader.put_the_toy("models/support")


def _publishing(reader: Reader) -> None:
    _released(reader)
    reader.write_messages("messages.csv", column="body", count=4)
    reader.replaced["/srv/models"] = str(reader.folder / "models")


def _trusting(reader: Reader) -> None:
    _released(reader)
    reader.label_messages("runs/support/sample.jsonl", count=100)  # enough for some task to get better by them
    reader.use_the_toy()
    reader.write_messages("messages.csv", column="body", count=120)
    labelled = (CORPORA / "pt-br.jsonl").read_text("utf-8").splitlines()
    (reader.folder / "runs/support/labelled.jsonl").write_text("\n".join(labelled[:100]), "utf-8")
    reader.by_hand["recupera select --import runs/support/suspects.csv"] = _REVIEW.format(
        names="runs/support/suspects.csv"
    )


FOLLOWED: Final[Mapping[str, Preparation]] = {
    "README.md": _readme,
    "docs/index.md": _shared,
    "docs/dashboards/README.md": _shared,
    "docs/tutorials/dashboards.md": _shared,
    "docs/tutorials/inbox.md": _mail_of_the_tutorial,
    "docs/tutorials/recovery.md": _shared,
    "docs/tutorials/retrain.md": _first_training,
    "docs/guides/access.md": _keys,
    "docs/guides/batch.md": _back_log,
    "docs/guides/deliveries.md": _deliveries,
    "docs/guides/early-warning.md": _early_warning,
    "docs/guides/generic.md": _any_json,
    "docs/guides/inbox.md": _mail_of_the_guide,
    "docs/guides/labels.md": _labels,
    "docs/guides/operations.md": _operations,
    "docs/guides/people.md": _people,
    "docs/guides/privacy.md": _privacy,
    "docs/guides/publish.md": _publishing,
    "docs/guides/recovery.md": _shared,
    "docs/guides/retrain.md": _retraining,
    "docs/guides/trust.md": _trusting,
}
