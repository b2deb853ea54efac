"""The model directory that ``recupera calibrate`` writes: another one's files, with a calibration for one inbox."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Final

from classifier.artifact import FILES, Artifact, write_checksums, write_json
from classifier.errors import InputError
from training.card import CARDS
from training.model_directory import check_target, in_place_of
from training.recalibration import FOLDS, Recalibration

_NOTES: Final = {
    "en": """## Refitted for one inbox

Calibration, thresholds and review points of {base} were refitted by `recupera calibrate` on {messages}
labelled messages of one inbox, for: {changed}. The figures above are of the model before; `metrics.json` has those
before and after, on folds of these messages (`recalibration`).
""",
    "es": """## Reajustado para un buzón

La calibración, los umbrales y los puntos de revisión de {base} se reajustaron con `recupera calibrate` con
{messages} mensajes etiquetados de un buzón, en: {changed}. Las cifras de arriba son del modelo anterior;
`metrics.json` tiene las de antes y las de después, en particiones de estos mensajes (`recalibration`).
""",
    "pt": """## Reajustado para uma caixa de entrada

A calibração, os limiares e os pontos de revisão de {base} foram reajustados por `recupera calibrate` com
{messages} mensagens rotuladas de uma caixa de entrada, em: {changed}. Os números acima são do modelo anterior;
`metrics.json` tem os de antes e os de depois, em partições destas mensagens (`recalibration`).
""",
}


def write_model(artifact: Artifact, recalibration: Recalibration, output: Path) -> Artifact:
    """Write a copy of the model with the calibration, in one move once it is complete.

    Its version ends in ``+`` and a digest of the calibration, so that an answer says by which it was given. It has no
    small network: that of the model learned to decide as the model did before.
    """
    check_output(artifact, output)
    with in_place_of(output) as fresh:
        shutil.copytree(artifact.path, fresh)
        _renew(artifact, recalibration, fresh)
        Artifact.load(fresh)
    return Artifact.load(output)


def check_output(artifact: Artifact, output: Path) -> None:
    """Raise ``InputError`` if ``output`` is the model itself, or there and no model."""
    check_target(output)
    if output.resolve() == artifact.path.resolve():
        raise InputError(f"{output} is the model to refit, which is kept: name another place by --output")


def _renew(artifact: Artifact, recalibration: Recalibration, path: Path) -> None:
    """Write calibration, version, metrics and a note on the cards, and checksums over all."""
    write_json(path / FILES.calibration, recalibration.calibration.to_dict())
    digest = hashlib.sha256((path / FILES.calibration).read_bytes()).hexdigest()[:8]
    config = json.loads((path / FILES.config).read_text(encoding="utf-8"))
    write_json(path / FILES.config, config | {"version": f"{artifact.info.version.partition('+')[0]}+{digest}"})
    write_json(path / FILES.metrics, artifact.metrics() | {"recalibration": _metrics(artifact, recalibration)})
    changed, base = ", ".join(recalibration.changed), f"{artifact.info.name} {artifact.info.version}"
    for language, name in CARDS.items():
        card, note = path / name, _NOTES[language]
        if name != FILES.card and not card.is_file():
            continue
        text = card.read_text(encoding="utf-8") if card.is_file() else ""
        text = text.partition(note.partition("\n")[0])[0].rstrip("\n")
        card.write_text(
            f"{text}\n\n{note.format(base=base, messages=recalibration.messages, changed=changed)}", encoding="utf-8"
        )
    write_checksums(path)


def _metrics(artifact: Artifact, recalibration: Recalibration) -> dict[str, object]:
    """Return what ``metrics.json`` says of the recalibration."""
    tasks = {
        v.task.id: {
            "messages": v.messages,
            "changed": v.change.value,
            "before": asdict(v.before),
            "after": asdict(v.after),
        }
        for v in recalibration.verdicts
    }
    return {"base": artifact.info.version, "messages": recalibration.messages, "folds": FOLDS, "tasks": tasks}
