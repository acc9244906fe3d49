"""Whether a file that is to be written would land in the folder of an archive."""

from __future__ import annotations

from pathlib import Path

from kibaru.errors import BadInput


def check_outside(archive: Path, target: Path) -> None:
    """Raises BadInput when writing `target` would write into the folder of the archive, by whatever name it goes.

    Links are followed, names that differ in case are one where the disk says so, and a file of the archive that has
    another name elsewhere is known by it too.
    """
    files = archive.iterdir() if archive.is_dir() else ()
    own = {_identity(path) for path in (archive, *files) if path == archive or path.is_file()} - {None}
    places = {target.resolve(), target.parent.resolve() / target.name}  # a link itself is replaced, or what it leads to
    if any(_identity(above) in own for place in places for above in (place, *place.parents)):
        raise BadInput(f"{target} is in {archive}, the folder of the archive: name a place outside of it.")


def _identity(path: Path) -> tuple[int, int] | None:
    """What `os.path.samefile` compares; None when there is nothing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
