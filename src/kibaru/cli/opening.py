"""Open the archive, or only its articles, for a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kibaru.archive import Kibaru
    from kibaru.settings import Settings
    from kibaru.storage.store import Store


def open_archive(settings: Settings, *, create: bool = False) -> Kibaru:
    """Open the archive that the settings name, ready to answer questions.

    Args:
        settings: The settings in force.
        create: Make a new archive where there is none.

    Returns:
        The open archive, to be used in a `with` block.

    Raises:
        StorageError: There is no archive and `create` is false, or it cannot be used.
    """
    from kibaru.archive import Kibaru

    return Kibaru(settings, create=create)


def open_store(settings: Settings) -> Store:
    """Open only the database of articles, for commands that ask no question: it takes a fraction of the time.

    Args:
        settings: The settings in force.

    Returns:
        The open database, to be used in a `with` block.

    Raises:
        StorageError: There is no archive, or it cannot be used.
    """
    from kibaru.storage.store import DATABASE, Store

    return Store(settings.index / DATABASE)
