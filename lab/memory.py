"""Memory: what a run that is over has held goes back to the system, where the C library keeps it for itself."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _trim() -> Any:
    """glibc's; other libraries give back by themselves."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return None


def give_back() -> None:
    """Other threads go on meanwhile."""
    trim = _trim()
    if trim is not None:
        trim(0)
