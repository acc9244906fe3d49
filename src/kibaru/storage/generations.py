"""The generations of the index: one is built after the other, and one of them is served.

Each has tables of its own (`passages_3`, `stems_3`, …), so that a rebuild fills new tables beside those in use. The
row of the table `generations` whose state is `current` says which generation answers questions.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from kibaru.storage.schema import GENERATION_TABLES
from kibaru.storage.store import Store
from kibaru.types import GenerationRow


def current_generation(store: Store) -> GenerationRow | None:
    """The generation that is served; None when nothing was built yet."""
    row = store.connection.execute(
        "select id, model, dimension, chunking, stemming from generations where state = 'current'"
    ).fetchone()
    return GenerationRow(*row) if row else None


def built_at(store: Store) -> str | None:
    """When the current generation was built (ISO date and time, UTC)."""
    built: str | None = store.value("select built from generations where state = 'current'")
    return built


def new_generation(
    store: Store, model: str, dimension: int, chunking: int, stemming: int, *, above: int = 0
) -> GenerationRow:
    """Make the empty tables of a generation that is going to be built.

    Args:
        store: The archive's database.
        model: See `GenerationRow`, as for `dimension`, `chunking` and `stemming`.
        dimension: Numbers in one vector.
        chunking: Version of the code that cuts articles into passages.
        stemming: Version of the code that makes stems.
        above: The new number is higher than this one, and than those in the database.
    """
    last = store.value("select max(id) from generations") or 0
    generation = GenerationRow(max(int(last), above) + 1, model, dimension, chunking, stemming)
    store.database.table("generations").insert(asdict(generation) | {"state": "building", "built": None})
    for statement in GENERATION_TABLES.format(g=generation.id).split(";"):
        store.connection.execute(statement)
    return generation


def make_current(store: Store, generation: GenerationRow) -> None:
    """Switch to `generation`: from this commit on it answers questions."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    store.connection.execute("update generations set state = 'old' where state = 'current'")
    query = "update generations set state = 'current', built = ? where id = ?"
    store.connection.execute(query, [now, generation.id])


def drop_generations(store: Store, *states: str) -> None:
    """Delete the generations in these states with all their tables; vectors stay until `drop_unused_vectors`."""
    marks = ", ".join("?" * len(states))
    for (g,) in store.connection.execute(f"select id from generations where state in ({marks})", states).fetchall():
        for table in (f"stems_{g}", f"passages_{g}", f"indexed_{g}", f"removed_{g}"):
            store.connection.execute(f"drop table if exists {table}")
        store.connection.execute("delete from generations where id = ?", [g])


def drop_unused_vectors(store: Store) -> None:
    """Delete the vectors and sentences that no passage of any generation refers to."""
    generations = store.connection.execute("select id from generations").fetchall()
    used = " union all ".join(f"select key from passages_{g}" for (g,) in generations)
    for table in ("vectors", "sentences"):
        store.connection.execute(f"delete from {table} where key not in ({used or 'select null where false'})")
