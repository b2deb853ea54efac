"""What is passed on with the service may be passed on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.licences import EXCEPTIONS, declared, locked, refused

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements/lock.txt").read_text("utf-8")


def test_every_licence_is_one_of_those_allowed() -> None:
    found = {name: licence for name in locked() if (licence := declared(name)) is not None}

    assert {name: licence for name, licence in found.items() if refused(name, licence)} == {}
    assert len(found) > 90


@pytest.mark.parametrize(
    ("licence", "wrong"),
    [
        ("MIT", False),
        ("MIT AND PSF-2.0", False),
        ("GPL-3.0-only OR MIT", False),
        ("GPL-3.0-only", True),
        ("MIT AND AGPL-3.0-only", True),
        ("LGPL-3.0-only", True),
        ("", True),
    ],
)
def test_tells_licences_apart(licence: str, *, wrong: bool) -> None:
    assert refused("some", licence) is wrong


def test_an_exception_is_for_one_package_and_one_licence() -> None:
    assert not refused("psycopg", EXCEPTIONS["psycopg"])
    assert refused("psycopg", "GPL-3.0-only")


def test_the_page_lists_every_package_of_the_lock() -> None:
    rows = re.findall(r"^\| ([\w.-]+) \| (\S+) \| (.+) \|$", (ROOT / "docs/licences.md").read_text("utf-8"), flags=re.M)

    assert {name: version for name, version, _ in rows if name not in ("package", "---")} == locked()


def test_the_lock_is_of_what_the_service_needs_now() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(line for extra in ("api", "postgres", "nats", "otel") for line in extras[extra]),
    ]
    pinned = {canonicalize_name(name): version for name, version in locked().items()}

    missing = [
        line
        for line in wanted
        if (r := Requirement(line)) and not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0"))
    ]

    assert missing == [], "run make lock && make licences"


@pytest.mark.parametrize("name", ["lock.txt", "build.txt"])
def test_every_file_of_a_package_is_known_by_its_hash(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text("utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]

    assert len(blocks) >= 5
    assert [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert not re.search(r"://|--(extra-)?index-url", text)
