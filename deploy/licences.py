"""The licences of everything that the service needs, as the packages declare them: python deploy/licences.py."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

__all__ = ["ALLOWED", "EXCEPTIONS", "declared", "locked", "refused"]

LOCK: Final = Path(__file__).parents[1] / "requirements" / "lock.txt"

ALLOWED: Final = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Zlib",
    }
)
"""SPDX names. What is here may be used and passed on with a program under any licence."""

EXCEPTIONS: Final = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "python-stdnum": "LGPL-2.1-or-later",
}
"""Libraries that are used as they are and can be replaced by another build of them, which is what the LGPL asks."""

_NAMES: Final = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.1-or-later",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "osi approved :: apache software license": "Apache-2.0",
}
_TITLE: Final = """\
# Licences

What the service needs (`recupera[api,postgres,nats,otel]`), with the licence that each package declares. Recupera is
under Apache-2.0. Made by `make licences` from the lock; a test holds it to a list of licences that are allowed.

| package | version | licence |
| --- | --- | --- |
"""


def locked() -> dict[str, str]:
    """Return the packages of the lock with their versions; of several versions, the last one named."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK.read_text("utf-8"), flags=re.M))


def declared(name: str) -> str | None:
    """Return the licence that an installed package declares, in SPDX names where known; ``None`` if it is not here."""
    try:
        about = distribution(name).metadata
    except PackageNotFoundError:
        return None
    classified = [entry for entry in about.get_all("Classifier") or [] if entry.startswith("License :: OSI Approved")]
    said = about.get("License-Expression") or about.get("License") or ""
    if "\n" in said or len(said) > 60 or said.lower() in ("", "dual license", "lgpl"):
        said = " OR ".join(entry.rpartition(" :: ")[2] for entry in classified)
    parts = re.split(r" (AND|OR) ", said)
    return " ".join(part if part in ("AND", "OR") else _NAMES.get(part.lower(), part) for part in parts)


def refused(name: str, licence: str) -> bool:
    """Say whether a package's licence is not one that we may pass on."""
    if EXCEPTIONS.get(name) == licence:
        return False
    return not any(all(part in ALLOWED for part in each.split(" AND ")) for each in licence.split(" OR "))


def main() -> None:
    """Print the page."""
    sys.stdout.write(_TITLE)
    for name, version in sorted(locked().items()):
        licence = declared(name)
        sys.stdout.write(f"| {name} | {version} | {licence or 'not needed on Linux'} |\n")


if __name__ == "__main__":
    main()
