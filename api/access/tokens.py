"""Keys as they are handed out: ``rcp_``, 43 letters and digits from 256 random bits, 6 more that check them.

The prefix and the check let scanners find a key that was published by mistake, and tell a mistyped one from a wrong one
without a look into the database. What is stored is an HMAC-SHA-256 of the key under a secret of the server
(``api.store.secrets``): a stolen table of keys can't be tried offline, and who can write to it can't make a key of
their own. Nothing slower is needed: slow hashes make up for passwords that can be guessed, and 256 random bits can't.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from typing import Final

__all__ = ["PREFIX_LENGTH", "digest", "is_well_formed", "new_token", "prefix_of"]

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_LENGTH: Final = 43
_CHECK_LENGTH: Final = 6
_MARK: Final = "rcp_"
_FORM: Final = re.compile(f"{_MARK}[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECK_LENGTH}}}")
PREFIX_LENGTH: Final = len(_MARK) + 8
"""How much of a key is kept and shown, so that people can tell keys apart: 48 of its bits."""


def new_token() -> str:
    """Return a new key."""
    secret = _base62(secrets.randbits(256), _SECRET_LENGTH)
    return f"{_MARK}{secret}{_check(secret)}"


def is_well_formed(token: str) -> bool:
    """Say whether a text could be a key: whether its check is right."""
    secret = token[len(_MARK) : -_CHECK_LENGTH]
    return _FORM.fullmatch(token) is not None and token[-_CHECK_LENGTH:] == _check(secret)


def prefix_of(token: str) -> str:
    """Return the part of a key that may be shown."""
    return token[:PREFIX_LENGTH]


def digest(token: str, secret: bytes) -> str:
    """Return what is stored of a key, 64 hexadecimal digits."""
    return hmac.digest(secret, token.encode(), hashlib.sha256).hex()


def _check(secret: str) -> str:
    return _base62(zlib.crc32(secret.encode()), _CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    """Return ``number`` in ``length`` letters and digits."""
    written = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        written.append(_ALPHABET[digit])
    return "".join(reversed(written))
