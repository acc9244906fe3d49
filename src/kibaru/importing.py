"""Importing a library without a part of it that takes long, or does what nobody asked for, and is not used here."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def imported_without(part: str, name: str, stand_in: ModuleType | None = None) -> ModuleType:
    """The library `name`, which finds `stand_in` where it looks for the module `part`: by default none, so that its
    import of that raises ImportError. A part that is there already is left as it is."""
    unwanted = part not in sys.modules
    if unwanted:
        sys.modules[part] = stand_in  # type: ignore[assignment]  # None makes Python raise ImportError
    try:
        return import_module(name)
    finally:
        if unwanted:
            del sys.modules[part]
