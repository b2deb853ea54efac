"""Mail is delivered while the process that tags it is killed again and again: what came of it.

    python -m tests.integration.inbox_crashes --mails 2000 --kills 10

prints what was found as JSON, and ends with status 1 if a mail was lost, tagged twice or changed otherwise. Dovecot's
own log tells how often the flags of each mail were changed.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from tests.api.channels.email import dovecot as dovecots
from tests.api.channels.email.dovecot import PASSWORD, Dovecot
from tests.api.channels.email.mails import assorted, mail

USER = "crowd@example.org"
PREFIX = "recupera-"
LIMIT = 1200
LOGGED = """\
protocol imap {
  mail_plugins = notify mail_log
}
plugin {
  mail_log_events = flag_change delete expunge copy save
  mail_log_fields = uid flags
}
"""


class Seen(NamedTuple):
    """A mail as another program sees it; ``others`` are the flags that are not ours."""

    size: int
    digest: str
    tags: frozenset[str]
    others: frozenset[str]


class Place(NamedTuple):
    """Where all this happens."""

    server: Dovecot
    folder: Path
    model: Path | None

    def start(self) -> subprocess.Popen[bytes]:
        """Follow the mailbox in a process of its own."""
        chosen = ["--model", str(self.model)] if self.model else []
        command = [sys.executable, "-c", "from classifier.cli import main; main()", "inbox", "run", *chosen]
        root = str(Path(__file__).parents[2])
        environment = {**os.environ, "INBOX_PASSWORD": PASSWORD, "PYTHONPATH": root}
        with self.log.open("wb") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def wait_for_connection(self) -> None:
        """Wait until the process that was started last has opened the mailbox."""
        _wait_until(lambda: "connected," in self.log.read_text("utf-8", "replace"))

    def seen(self) -> dict[int, Seen]:
        """Return by UID what another program sees; it marks nothing."""
        client = self.server.client(USER, readonly=True)
        try:
            _, data = client.uid("FETCH", "1:*", "(RFC822.SIZE FLAGS BODY.PEEK[])")
        finally:
            client.logout()
        return dict(_seen(item) for item in data if isinstance(item, tuple))


def run(mails: int, kills: int, model: Path | None = None, seconds: float = 60) -> dict[str, Any]:
    """Deliver ``mails`` over about ``seconds``, kill ``kills`` times meanwhile; return what was found."""
    chance = random.Random(7)
    sent = list(itertools.islice(assorted(), mails))
    with closing(dovecots.running({"more": LOGGED})) as servers, tempfile.TemporaryDirectory() as name:
        place = Place(next(servers), Path(name), model)
        _write_settings(place)
        place.server.client(USER).logout()
        began = time.monotonic()
        delivering = threading.Thread(target=_deliver, args=(place.server, [raw for raw, _ in sent], seconds))
        delivering.start()
        process = place.start()
        for _ in range(kills):
            place.wait_for_connection()
            time.sleep(chance.uniform(0.05, 0.8 * seconds / max(kills, 1)))
            process.send_signal(signal.SIGKILL)
            process.wait()
            process = place.start()
        delivering.join()
        customers = sum(customer for _, customer in sent)
        _wait_until(lambda: sum(bool(seen.tags) for seen in place.seen().values()) >= customers)
        took = time.monotonic() - began
        delays = [_delay(place, number) for number in range(5)]
        process.terminate()
        status = process.wait(60)
        return {
            **_judged(sent, place),
            "kills": kills,
            "seconds": round(took, 1),
            "exit_status": status,
            **_slowest(delays),
        }


def _judged(sent: list[tuple[bytes, bool]], place: Place) -> dict[str, Any]:
    """Compare what was sent with what is there."""
    found = place.seen()
    by_digest = {seen.digest: seen for seen in found.values()}
    there = [by_digest.get(_digest(raw)) for raw, _ in sent]
    whole = [(seen, customer) for seen, (_, customer) in zip(there, sent, strict=True) if seen is not None]
    writes = Counter(re.findall(r"flag_change: .*?uid=(\d+)", (place.server.folder / "dovecot.log").read_text()))
    with closing(sqlite3.connect(place.folder / "recupera-data" / "recupera.db")) as database:
        rows = dict(database.execute("SELECT state, count(*) FROM inbox_mails GROUP BY state").fetchall())
        (messages,) = database.execute("SELECT count(*) FROM messages").fetchone()
    return {
        "mails": len(sent),
        "customers": sum(customer for _, customer in sent),
        "lost_or_changed": there.count(None),
        "other_flags": sum(bool(seen.others) for seen, _ in whole),
        "untagged": sum(customer and not seen.tags for seen, customer in whole),
        "tagged_though_parked": sum(not customer and bool(seen.tags) for seen, customer in whole),
        "contradicting_tags": sum(not _coherent(seen.tags) for seen, _ in whole),
        "tagged_more_than_once": sum(count > 1 for count in writes.values()),
        "flag_changes": sum(writes.values()),
        "moved_or_deleted": len(re.findall(r"(?:delete|expunge|copy|save): .*?uid=", _log_of(place))),
        "ledger": rows,
        "messages": messages,
    }


def failures(result: dict[str, Any]) -> list[str]:
    """Return what of a result should not be."""
    wrong = [
        "lost_or_changed", "other_flags", "untagged", "tagged_though_parked", "contradicting_tags",
        "tagged_more_than_once", "moved_or_deleted",
    ]  # fmt: skip
    found = [name for name in wrong if result[name]]
    extra = result["new_mails"]
    if result["messages"] != result["customers"] + extra or sum(result["ledger"].values()) != result["mails"] + extra:
        found.append("messages or ledger")
    if result["exit_status"] != 0:
        found.append("exit_status")
    return found + (["slow"] if result["slowest_new_mail_seconds"] > 5 else [])


def _coherent(tags: frozenset[str]) -> bool:
    decided = tags & {"recupera-complaint", "recupera-other"}
    severities = [tag for tag in tags if tag.startswith("recupera-severity-")]
    if "recupera-complaint" in tags:
        return len(decided) == 1 and len(severities) == 1
    return len(decided) <= 1 and not severities


def _delay(place: Place, number: int) -> float:
    """Deliver one mail to a process that has nothing to do; return the seconds until it is tagged."""
    before = {uid for uid, seen in place.seen().items() if seen.tags}
    time.sleep(0.5)
    began = time.monotonic()
    place.server.deliver(USER, mail(f"Mi paquete {number} no llega y nadie contesta.", number=900_000 + number))
    _wait_until(lambda: {uid for uid, seen in place.seen().items() if seen.tags} > before, 60)
    return time.monotonic() - began


def _slowest(delays: list[float]) -> dict[str, Any]:
    return {"new_mails": len(delays), "slowest_new_mail_seconds": round(max(delays), 2)}


def _deliver(server: Dovecot, mails: list[bytes], seconds: float) -> None:
    for raw in mails:
        server.deliver(USER, raw)
        time.sleep(seconds / len(mails))


def _seen(item: tuple[bytes, bytes]) -> tuple[int, Seen]:
    told = item[0].decode()
    flags = frozenset(told.split("FLAGS (")[1].split(")")[0].split()) - {"\\Recent"}
    tags = frozenset(flag for flag in flags if flag.startswith(PREFIX))
    uid, size = (int(told.split(f"{name} ")[1].split()[0].rstrip(")")) for name in ("UID", "RFC822.SIZE"))
    return uid, Seen(size, _digest(item[1]), tags, flags - tags)


def _digest(raw: bytes) -> str:
    """Return a digest of a mail, its line ends as IMAP has them."""
    return hashlib.sha256(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")).hexdigest()


def _log_of(place: Place) -> str:
    return (place.server.folder / "dovecot.log").read_text("utf-8", "replace")


def _write_settings(place: Place) -> None:
    (place.folder / "recupera.toml").write_text(
        f'[[inbox]]\nname = "crowd"\nhost = "127.0.0.1"\nport = {place.server.port}\ntls = "none"\n'
        f'username = "{USER}"\npassword_env = "INBOX_PASSWORD"\n'
    )


def _wait_until(happened: Any, seconds: float = LIMIT) -> None:
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            raise TimeoutError("it did not happen")
        time.sleep(0.1)


def main() -> None:
    """Run it as the options say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    result = run(options.mails, options.kills, options.model, options.seconds)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    sys.exit(bool(failures(result)))


if __name__ == "__main__":
    main()
