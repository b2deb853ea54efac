"""What an operator may set about early warning."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.early_warning.rises import GUARD_DAYS
from api.store.alerts import ALL, Cut

__all__ = ["AlertSettings"]

_TASKS: Final = ("touchpoint", "justice", "quality")
Dimension = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,31}$")]
Key = Annotated[str, Field(pattern=r"^[\w .-]{1,64}$")]


class AlertSettings(BaseModel):
    """Early warning: ``[alerts]`` in the file, ``RECUPERA_ALERTS_*`` in the environment.

    Every ``interval_minutes`` the complaints of the last 24 hours and of the last 7 days are compared with
    ``baseline_days`` before them; nothing is said in the first ``min_days`` of messages. ``level`` bounds the share of
    quiet days on which anything is called a rise. A slice needs ``min_count`` complaints. ``metadata`` names more
    dimensions, each by the keys of a message's metadata that hold it, the first present counts. ``phrases`` tells what
    customers wrote, personal data masked, with the examples of an alert.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    interval_minutes: int = Field(default=60, ge=5, le=1440)
    min_days: int = Field(default=28, ge=3 * 7 + GUARD_DAYS, le=365)
    baseline_days: int = Field(default=56, ge=28, le=365)
    min_count: int = Field(default=5, ge=2)
    level: float = Field(default=0.05, gt=0, le=0.5)
    examples: int = Field(default=5, ge=0, le=20)
    phrases: bool = True
    metadata: dict[Dimension, tuple[Key, ...]] = Field(
        default={"product": ("product",), "place": ("place", "store")}, max_length=16
    )

    @model_validator(mode="after")
    def _fits_together(self) -> AlertSettings:
        """Refuse a dimension without keys, or with a name that is taken, and a wait that would never end."""
        if self.min_days > self.baseline_days + GUARD_DAYS:
            raise PydanticCustomError("days", "min_days must not be over baseline_days and a week")
        for dimension, keys in self.metadata.items():
            if not keys or dimension in (*_TASKS, ALL):
                raise PydanticCustomError(
                    "dimension", "metadata.{name} needs keys and a name of its own", {"name": dimension}
                )
        return self

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """The ways in which complaints are cut into slices."""
        named = (Cut(dimension, keys) for dimension, keys in self.metadata.items())
        return (Cut(ALL), *map(Cut, _TASKS), *named)

    @property
    def level_each_time(self) -> float:
        """The false discovery rate of one look: the looks of a day share its ``level`` (Bonferroni)."""
        return self.level * self.interval_minutes / 1440
