"""Importing a library without a part of it that is not used here and takes long, or has side effects."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def imported_without(part: str, name: str, stand_in: ModuleType | None = None) -> ModuleType:
    """Import a library without one of its parts.

    Args:
        part: The module that is not imported; if it is imported already, it is left as it is.
        name: The library.
        stand_in: What the library gets in place of the part; by default its import of the part raises ImportError.
    """
    unwanted = part not in sys.modules
    if unwanted:
        sys.modules[part] = stand_in  # type: ignore[assignment]  # None makes Python raise ImportError
    try:
        return import_module(name)
    finally:
        if unwanted:
            del sys.modules[part]
