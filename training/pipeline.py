"""A run from configuration to model directory: read, train, export, calibrate, measure, write."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from classifier.artifact import FILES, Artifact, write_checksums, write_config, write_json
from classifier.calibration import Calibration
from classifier.engine import available_threads
from classifier.errors import InputError
from classifier.inference import ComplaintClassifier
from classifier.neutral import neutral
from classifier.ngrams import NgramModel
from classifier.taxonomy import TAXONOMY_VERSION
from classifier.tokenization import TokenEncoder
from classifier.types import ModelInfo
from training.augmentation import augmented
from training.averaging import draw_towards
from training.calibration import fit_calibration
from training.card import write_cards
from training.cascade import fit_gate
from training.checkpoint import Checkpoints, fingerprint
from training.config import CorpusSection, EncoderSection, TrainingConfig, to_toml
from training.corpus import Example, read_messages, read_standoff, sample, split
from training.distillation import DistillationLoss, taught
from training.encoder import load_encoder
from training.evaluation import Scores, classified, score_by_language
from training.export import export_network
from training.losses import Loss, MultiTaskLoss
from training.machine import check_machine, describe_machine
from training.model_directory import check_target, in_place_of
from training.modeling import ComplaintModel
from training.ngrams import fit_ngrams, mixed
from training.released import is_model, released_network
from training.tables import HUB, read_table, rows_of
from training.trainer import Encoded, Progress, Session, train

log = logging.getLogger(__name__)

_PATIENCE = timedelta(days=1)
"""For how long processes wait for one another: one asks the teacher, and one writes the model."""


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of a run: of the configuration, of the user's data, and where the model goes."""

    configuration: Path
    data: Path | None
    output: Path


@dataclass(frozen=True, slots=True)
class Network:
    """What was trained: the encoder with its heads, its tokenizer, and the wide half where there is one."""

    model: ComplaintModel
    encoder: TokenEncoder
    wide: NgramModel | None = None


def run(config: TrainingConfig, places: Places, *, progress: Progress | None = None) -> Artifact:
    """Train, and write the model directory in one move once it is complete.

    Of several processes (``accelerate launch``) each trains, and one asks the teacher and writes. Raise ``InputError``
    before anything is read if the model would be written over something else.
    """
    check_target(places.output)
    check_machine(config)
    torch.manual_seed(config.run.seed)
    torch.set_num_threads(max(1, available_threads() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    processes = PartialState(cpu=config.optimizer.device == "cpu", timeout=_PATIENCE)
    training, validation = read_corpora(config, places)
    log.info("%d messages to train on, %d held out", len(training), len(validation))
    started = time.monotonic()
    model, encoder = _build(config, places, training)
    with processes.local_main_process_first():
        loss_of, seen = _lesson(config, places, training)
    session = _session(config, places, seen, progress)
    begun = time.monotonic()
    pace = train(
        model,
        Encoded.of(seen, encoder, config),
        config.optimizer,
        loss_of=loss_of,
        pad_id=encoder.pad_id,
        seed=config.run.seed,
        session=session,
    )
    trained = time.monotonic()
    log.info("trained in %.1f minutes", (trained - started) / 60)
    if processes.is_main_process:
        wide = _wide(config, training) if config.ngrams.enabled else None
        write_model(
            config,
            places.output,
            network=Network(model, encoder, wide),
            validation=validation,
            teacher=_teacher(config, places),
            training={
                "messages": len(training),
                "corpora": [section.path for section in config.data.corpus if _is_there(section, places)],
                "minutes": round((pace.seconds + time.monotonic() - trained + begun - started) / 60, 1),
                "examples_per_second": round(pace.examples / pace.seconds, 1),
                "machine": describe_machine(config.optimizer.device),
            },
        )
        session.forget()
        _answers_of_teacher(places).unlink(missing_ok=True)
    processes.wait_for_everyone()
    return Artifact.load(places.output)


def _wide(config: TrainingConfig, examples: Sequence[Example]) -> NgramModel:
    """Fit the wide half on the messages and, once more, on them as another hand would have typed them."""
    chance = random.Random(config.run.seed)  # noqa: S311 - variants of texts, not a secret
    texts = augmented(examples, config.augmentation, chance)
    changed = [replace(e, text=text) for e, text in zip(examples, texts, strict=True) if text != e.text]
    return fit_ngrams([replace(e, text=neutral(e.text)) for e in (*examples, *changed)], config.ngrams)


def _lesson(config: TrainingConfig, places: Places, training: Sequence[Example]) -> tuple[Loss, Sequence[Example]]:
    """Return what is learned: labels, or also what a teacher answers, about more texts."""
    labels = MultiTaskLoss(config.loss, training)
    teacher, section = _teacher(config, places), config.distillation
    if teacher is None:
        return labels, training
    kept = _answers_of_teacher(places)
    return DistillationLoss(labels, section), taught(training, teacher, section, seed=config.run.seed, kept=kept)


def _answers_of_teacher(places: Places) -> Path:
    """Say where a run keeps what its teacher answered until it is complete."""
    return places.output.with_name(f".{places.output.name}.teacher.npz")


def _teacher(config: TrainingConfig, places: Places) -> Path | None:
    """Return the directory of the model to learn from, if any; raise ``InputError`` if it isn't there."""
    source = config.distillation.teacher
    if source is None:
        return None
    if (path := released_model(source, places)) is None:
        raise InputError(f"distillation.teacher: no model directory {source} beside the configuration or here")
    return path


def _session(config: TrainingConfig, places: Places, training: Sequence[Example], progress: Progress | None) -> Session:
    """Surround the loop with what the configuration asks for."""
    run, output = config.run, places.output
    checkpoints = Checkpoints.beside(output, fingerprint(config, training), minutes=run.checkpoint_minutes)
    return Session(progress, checkpoints, tracker=run.tracker, name=run.name, folder=output.parent / "logs")


def read_corpora(config: TrainingConfig, places: Places) -> tuple[list[Example], list[Example]]:
    """Read the corpora that are there; return what to train on and what is held out.

    Raise ``InputError`` if a required one is missing, or nothing is left to train on or held out.
    """
    training: list[Example] = []
    validation: list[Example] = []
    for section in config.data.corpus:
        examples = _read(section, places)
        if section.role == "split":
            kept, held = split(examples, config.data.validation_fraction, config.run.seed)
            training += kept
            validation += held
        else:
            training += examples
    held_families = {e.family for e in validation}
    training = [e for e in training if e.family not in held_families]
    if config.data.training_fraction < 1:
        training = sample(training, config.data.training_fraction, config.run.seed)
    if not training:
        raise InputError("no messages to train on: name a folder with the corpora by --data")
    if not validation:
        raise InputError(
            "no messages are held out to calibrate and measure on: give a corpus the role split, with more messages or "
            "a larger data.validation_fraction"
        )
    return training, validation


def write_model(
    config: TrainingConfig,
    output: Path,
    *,
    network: Network,
    validation: Sequence[Example],
    teacher: Path | None = None,
    training: Mapping[str, Any] | None = None,
) -> Artifact:
    """Export, calibrate and measure in a temporary folder, then put it in the place of ``output``.

    With a ``teacher``, also when the network may answer for it, if the configuration asks for any agreement. Metrics
    and cards keep what is to be told of the ``training``.
    """
    with in_place_of(output) as path:
        path.mkdir()
        _write(config, path, network, validation, training or {})
        if teacher is not None and config.distillation.agreement:
            _write_gate(config, path, teacher, [e.text for e in validation])
        write_checksums(path)
    return Artifact.load(output)


def _write(
    config: TrainingConfig, path: Path, network: Network, validation: Sequence[Example], training: Mapping[str, Any]
) -> None:
    """Write every file of the model directory."""
    info = ModelInfo(config.run.name, config.run.version, TAXONOMY_VERSION)
    texts = [e.text for e in validation]
    export_network(network.model, network.encoder.tokenizer, path)
    write_config(path, info, network.encoder.max_tokens)
    (path / FILES.training).write_text(to_toml(config), encoding="utf-8")
    _write_calibration(path, Calibration.neutral())
    logits = ComplaintClassifier.from_pretrained(path).logits(texts)
    unused = set(range(len(validation)))
    if network.wide is not None:
        read, chosen = [neutral(text) for text in texts], _half(validation, config.run.seed)
        flat = network.wide.logits(read)
        wide = mixed(network.wide, logits[chosen], flat[chosen], [validation[i] for i in chosen])
        unused -= set(chosen)
        wide.save(path / FILES.ngrams)
        logits = logits + wide.logits(read)
    _write_calibration(path, fit_calibration(logits, validation, config.decisions, seed=config.run.seed, scored=unused))
    metrics = {"validation": measure(ComplaintClassifier.from_pretrained(path), validation), "training": training}
    write_json(path / FILES.metrics, metrics)
    write_cards(path, info, metrics)


def _half(examples: Sequence[Example], seed: int) -> list[int]:
    """Return the rows of about half of the families."""
    chosen = {e.family for e in sample(examples, 0.5, seed)}
    return [i for i, e in enumerate(examples) if e.family in chosen]


def _write_gate(config: TrainingConfig, path: Path, teacher: Path, texts: Sequence[str]) -> None:
    """Write when the network in ``path`` may answer for its teacher."""
    whole, small = ComplaintClassifier.from_pretrained(teacher), ComplaintClassifier.from_pretrained(path)
    fit_gate(whole, small, texts, config.distillation.agreement).save(path)


def measure(classifier: ComplaintClassifier, examples: Sequence[Example]) -> dict[str, Scores]:
    """Score ``classifier`` on labelled messages: all, and by language."""
    return score_by_language(examples, classified(classifier, examples))


def _write_calibration(path: Path, calibration: Calibration) -> None:
    """Write the calibration, and checksums so that the directory can be opened."""
    write_json(path / FILES.calibration, calibration.to_dict())
    write_checksums(path)


def _build(config: TrainingConfig, places: Places, examples: Sequence[Example]) -> tuple[ComplaintModel, TokenEncoder]:
    """Load the encoder and put heads on it, or take up a model that was released."""
    section = config.encoder
    released = released_model(section.source, places)
    if released is not None:
        log.info("going on from the model in %s", released)
        model, tokenizer = released_network(released, dropout=config.optimizer.dropout)
        model.keep_layers(section.layers)
        if section.pretrained_share:
            _go_back(model, section, places)
    else:
        if section.pretrained_share:
            raise InputError("encoder.pretrained_share: only a model that training goes on from can go back a part")
        texts = [e.text for e in examples]
        network, tokenizer = load_encoder(section, folder=places.configuration, texts=texts)
        model = ComplaintModel(network, dropout=config.optimizer.dropout)
    model.drop_features(config.optimizer.encoder_dropout)
    model.encoder.embeddings.word_embeddings.requires_grad_(not section.freeze_embeddings)
    return model, TokenEncoder(tokenizer, config.data.max_tokens)


def _go_back(model: ComplaintModel, section: EncoderSection, places: Places) -> None:
    """Draw the encoder of a released model a part of the way to the one that it came from."""
    before = section.model_copy(update={"source": section.pretrained})
    encoder, _ = load_encoder(before, folder=places.configuration, texts=[])
    try:
        draw_towards(model.encoder, encoder, section.pretrained_share)
    except ValueError as error:
        raise InputError(
            f"encoder.pretrained: {section.pretrained} is not what {section.source} was: {error}"
        ) from None


def released_model(source: str, places: Places) -> Path | None:
    """Return the model directory that ``source`` names, beside the configuration or from here, if it is one."""
    return next((path for path in (places.configuration / source, Path(source)) if is_model(path)), None)


def _is_there(section: CorpusSection, places: Places) -> bool:
    """Say whether a corpus, and the texts it needs, are found."""
    return all(_find(name, places) is not None for name in (section.path, section.texts) if name)


def _read(section: CorpusSection, places: Places) -> list[Example]:
    """Read one corpus, or nothing if it is not there and need not be."""
    path = _find(section.path, places)
    texts = _find(section.texts, places) if section.texts else None
    missing = [name for name, found in ((section.path, path), (section.texts, texts)) if name and found is None]
    if missing or path is None:
        if section.required:
            raise InputError(f"no corpus {', '.join(missing)} beside the configuration or in the folder of --data")
        log.warning("left out %s: %s is not there", section.path, ", ".join(missing))
        return []
    if section.format == "standoff":
        if texts is None:
            raise InputError(f"data.corpus {section.path}: a stand-off corpus needs texts")
        examples = read_standoff(Path(path), rows_of(texts), weight=section.weight, texts_name=texts)
    elif section.format == "table":
        examples = read_table(path, section.columns, weight=section.weight)
    else:
        examples = read_messages(Path(path), weight=section.weight)
    log.info("%6d messages from %s", len(examples), section.path)
    return [replace(example, share=section.share) for example in examples] if section.share < 1 else examples


def _find(name: str | None, places: Places) -> str | None:
    """Look for a corpus beside the configuration, then in the data folder; one of a hub is where its name says."""
    if name is None or name.startswith(HUB):
        return name
    folders = [places.configuration] + ([places.data] if places.data else [])
    return next((str(folder / name) for folder in folders if (folder / name).is_file()), None)
