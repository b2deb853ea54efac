"""Run it as the options say; print a table, and end with status 1 if anything is wrong."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.report import surroundings
from benchmarks.texts import messages
from classifier.artifact import FILES, Artifact, find_model
from classifier.tokenization import TokenEncoder
from tests.acceptance.cluster.trial import Options, failures, run
from tests.acceptance.crashes.judging import judged
from tests.acceptance.postgres import Server


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.cluster", description=__doc__)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--services", type=int, default=3)
    parser.add_argument("--workers", type=int, default=3, help="two at least: one is killed and does not come back")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="a folder for logs")
    given = parser.parse_args()
    artifact = Artifact.load(find_model())
    encoder = TokenEncoder.from_file(artifact.path / FILES.tokenizer, max_tokens=artifact.max_tokens)
    texts = messages(512, encoder, given.seed)
    options = Options(given.messages, given.services, given.workers, given.seed, texts)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as name:
        server = Server()
        try:
            outcome = run(options, server, given.keep or Path(name) / "run")
            report = judged(outcome.evidence)
        finally:
            server.cleanup()
    machine = surroundings()["machine"]
    sys.stdout.write(
        f"{options.services} recupera serve, {options.workers} recupera worker, PostgreSQL, {artifact.info.name} "
        f"{artifact.info.version}, 8 callers\non {machine['processors']} processors ({machine['processor']}, "
        f"{machine['memory']})\n\n{outcome.table()}\n\n{report.table()}\n"
    )
    wrong = failures(outcome, report)
    sys.stdout.write("".join(f"FAULT {each}\n" for each in wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
