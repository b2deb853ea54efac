"""A model directory: which files it has, how it is found, written and verified."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from classifier.calibration import Calibration
from classifier.errors import ArtifactNotFoundError, ChecksumError, IncompatibleModelError
from classifier.taxonomy import TASKS, TAXONOMY_VERSION
from classifier.types import ModelInfo

FORMAT: Final = 2
"""Version of the directory's layout; a higher one is refused."""

SHIPPED: Final = "recupera-es-pt"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Names of the files of a model directory."""

    config: str = "config.json"  # name, version, taxonomy, layout, length limit
    graph: str = "model.xml"  # the network (OpenVINO IR), …
    weights: str = "model.bin"  # … and its weights, 8 bits each
    ngrams: str = "ngrams.npz"  # the wide half; a model may be without it
    tokenizer: str = "tokenizer.json"
    calibration: str = "calibration.json"
    metrics: str = "metrics.json"
    gate: str = "cascade.json"  # of a small network: when it may answer for the model that it learned from
    training: str = "training.toml"
    card: str = "README.md"
    card_es: str = "README.es.md"
    card_pt: str = "README.pt.md"
    checksums: str = "SHA256SUMS"


FILES: Final = ModelFiles()
_NEEDED: Final = (FILES.config, FILES.graph, FILES.weights, FILES.tokenizer, FILES.calibration)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A verified model directory."""

    path: Path
    info: ModelInfo
    max_tokens: int
    calibration: Calibration

    @classmethod
    def load(cls, path: Path) -> Self:
        """Verify the directory and read what is small.

        Raise ``ArtifactNotFoundError``, ``ChecksumError`` or ``IncompatibleModelError``, saying what is wrong.
        """
        _verify(path)
        config = json.loads((path / FILES.config).read_text(encoding="utf-8"))
        if config["format"] > FORMAT or config["taxonomy"] != TAXONOMY_VERSION:
            raise IncompatibleModelError(
                f"{path} has layout {config['format']} and taxonomy {config['taxonomy']!r}; this version of recupera "
                f"reads layout {FORMAT} and taxonomy {TAXONOMY_VERSION!r}: install the version that it was made for"
            )
        if config["tasks"] != _tasks():
            raise IncompatibleModelError(f"{path} was trained on other labels than taxonomy {TAXONOMY_VERSION!r} has")
        calibration = json.loads((path / FILES.calibration).read_text(encoding="utf-8"))
        info = ModelInfo(config["name"], config["version"], config["taxonomy"])
        return cls(path, info, int(config["max_tokens"]), Calibration.from_dict(calibration))

    def metrics(self) -> dict[str, Any]:
        """Return the figures measured when the model was made; empty if it came without."""
        return read_metrics(self.path)


def read_metrics(path: Path) -> dict[str, Any]:
    """Return the content of a model directory's ``metrics.json``; empty if it has none."""
    try:
        content: dict[str, Any] = json.loads((path / FILES.metrics).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content


def find_model(given: str | Path | None = None) -> Path:
    """Return the model directory: ``given``, else ``RECUPERA_MODEL``, else the shipped one.

    Raise ``ArtifactNotFoundError`` that says what was tried.
    """
    named = given or os.environ.get("RECUPERA_MODEL")
    if named:
        path = Path(named).expanduser()
        if not path.is_dir():
            source = "--model" if given else "RECUPERA_MODEL"
            raise ArtifactNotFoundError(f"no model directory at {path} (from {source})")
        return path
    package = Path(__file__).resolve().parent
    candidates = (package / "shipped" / SHIPPED, package.parent / "models" / SHIPPED)
    for path in candidates:
        if (path / FILES.config).is_file():
            return path
    tried = ", ".join(str(path) for path in candidates)
    raise ArtifactNotFoundError(f"no shipped model; tried {tried}. Name one with --model or RECUPERA_MODEL")


def write_config(path: Path, info: ModelInfo, max_tokens: int) -> None:
    """Write ``config.json`` for a model of this version's taxonomy."""
    config = {
        "format": FORMAT,
        "name": info.name,
        "version": info.version,
        "taxonomy": info.taxonomy,
        "max_tokens": max_tokens,
        "tasks": _tasks(),
    }
    write_json(path / FILES.config, config)


def write_checksums(path: Path) -> None:
    """Write ``SHA256SUMS`` over all files of the directory, in the format of ``sha256sum``."""
    names = sorted(p.name for p in path.iterdir() if p.is_file() and p.name != FILES.checksums)
    lines = [f"{_sha256(path / name)}  {name}\n" for name in names]
    (path / FILES.checksums).write_text("".join(lines), encoding="utf-8")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write readable JSON with a final newline."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _tasks() -> dict[str, list[str]]:
    """Return the labels of each task, as ``config.json`` keeps them."""
    return {task.id: list(task.label_ids) for task in TASKS}


def _verify(path: Path) -> None:
    """Raise if a file is missing or is not the one that was released."""
    sums = path / FILES.checksums
    if not sums.is_file():
        raise ArtifactNotFoundError(f"{path} is not a model directory: it has no {FILES.checksums}")
    lines = [line.partition("  ") for line in sums.read_text(encoding="utf-8").splitlines()]
    listed = {name: digest for digest, _, name in lines}
    for name in dict.fromkeys([*_NEEDED, *listed]):
        file = path / name
        if not file.is_file():
            raise ArtifactNotFoundError(f"the model at {path} lacks {name}: it was copied incompletely")
        if name not in listed:
            raise ChecksumError(f"{file} has no checksum in {FILES.checksums}: the model was changed after release")
        if _sha256(file) != listed[name]:
            raise ChecksumError(f"{file} does not match its checksum: damaged or changed after release; install again")


def _sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
