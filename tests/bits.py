"""Any state as bytes, so that two runs can be held against each other to the bit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np


def bits(value: Any) -> str:
    """A digest of everything in a value: arrays, tensors, numbers, nested and in objects."""
    digest = hashlib.sha256()
    _feed(digest, value, set())
    return digest.hexdigest()


def _feed(digest: Any, value: Any, seen: set[int]) -> None:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, (str, int, float, bool, bytes, complex, np.generic, type(None))):
        digest.update(f"{type(value).__name__}{value!r};".encode())
    elif id(value) in seen:
        digest.update(b"again")
    elif isinstance(value, Mapping):
        seen.add(id(value))
        for key, part in value.items():
            digest.update(f"{key if isinstance(key, (str, int, tuple)) else type(key).__name__}:".encode())
            _feed(digest, part, seen)
    elif isinstance(value, (list, tuple, set, frozenset)):
        seen.add(id(value))
        digest.update(f"{type(value).__name__}{len(value)}".encode())
        for part in value:
            _feed(digest, part, seen)
    elif callable(value) and not hasattr(value, "_parameters"):
        digest.update(getattr(value, "__qualname__", type(value).__name__).encode())
    elif hasattr(value, "__dict__"):
        seen.add(id(value))
        digest.update(type(value).__name__.encode())
        _feed(digest, vars(value), seen)
    else:
        digest.update(type(value).__name__.encode())
