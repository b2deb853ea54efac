"""What an operator may set about personal data."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from api.lists import Names

__all__ = ["PrivacySettings"]

_CENTURY: Final = 36_500
Days = Annotated[int | None, Field(ge=1, le=_CENTURY)]


class PrivacySettings(BaseModel):
    """Personal data: ``[privacy]`` in the file, ``RECUPERA_PRIVACY_*`` in the environment.

    ``encrypt`` has messages encrypted as they are stored, by ``secret_key``. ``keep_messages_days`` is for how long
    the words and the customer of a message are kept once its case is over, ``keep_deliveries_days`` what was told of
    it; without them for ever. ``clear_destinations`` names destinations that are told a customer's words as they are;
    all others get them masked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    encrypt: bool = False
    keep_messages_days: Days = None
    keep_deliveries_days: Days = None
    clear_destinations: Names = ()
