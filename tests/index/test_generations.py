"""Rebuilding again and again leaves one generation, whoever serves meanwhile."""

from __future__ import annotations

from pathlib import Path

from fakes.tiny_models import make_tiny_model

from kibaru.archive import Kibaru
from kibaru.ingest.article import make_article
from kibaru.settings import Settings


def test_each_rebuild_removes_the_generation_before_it(tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "index", model=str(make_tiny_model(tmp_path / "tiny", {})))
    with Kibaru(settings, create=True) as kibaru, Kibaru(settings, embedder=kibaru.embedder) as serving:
        sizes = []
        for n in range(6):
            text = f"Le maire ouvre le pont numéro {n}."
            list(kibaru.add([make_article(title="Le pont", text=text, url="https://a.ml/pont")]))
            built = kibaru.rebuild()
            serving.ask("Qui ouvre le pont ?")
            assert [path.name for path in settings.index.glob("generation-*")] == [f"generation-{built.generation}"]
            (tables,) = kibaru.store.connection.execute("select count(*) from sqlite_master").fetchone()
            (vectors,) = kibaru.store.connection.execute("select count(*) from vectors").fetchone()
            sizes.append((tables, vectors))
        assert len(set(sizes)) == 1
