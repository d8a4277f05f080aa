"""Randomness as a hash: one 64-byte blake2b digest gives eight independent numbers in [0, 1)."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SLOTS = 8
_UNPACK = struct.Struct("<8Q").unpack
_SCALE = 2.0**-53


def units(seed: int, person: int, key: str) -> tuple[float, ...]:
    """Eight uniform numbers in [0, 1) for (seed, person, key). 53 bits each, so Python and NumPy agree exactly."""
    digest = hashlib.blake2b(b"%d|%d|" % (seed, person) + key.encode(), digest_size=64).digest()
    return tuple((word >> 11) * _SCALE for word in _UNPACK(digest))


def unit(seed: int, person: int, key: str, purpose: str) -> float:
    """One uniform number in [0, 1) for (seed, person, key, purpose)."""
    return units(seed, person, f"{key}|{purpose}")[0]


def table(seed: int, persons: Iterable[int], key: str) -> NDArray[np.float64]:
    """`units` for many persons: shape (number of persons, 8), row i equal to `units(seed, persons[i], key)`."""
    tail, blake = key.encode(), hashlib.blake2b
    raw = b"".join([blake(b"%d|%d|" % (seed, p) + tail, digest_size=64).digest() for p in persons])
    numbers: NDArray[np.float64] = (np.frombuffer(raw, dtype="<u8") >> np.uint64(11)).astype(np.float64) * _SCALE
    return numbers.reshape(-1, SLOTS)
