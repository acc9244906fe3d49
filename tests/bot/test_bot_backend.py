"""The service behind the bot: questions that come together are embedded together, away from the event loop."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kibaru.embedding.embedder import Embedder
from kibaru.errors import BadInput
from kibaru_bot.archive_service import ArchiveService, Overloaded
from kibaru_bot.settings import BotSettings


@pytest.fixture
def service(sample_folder: Path, tmp_path: Path) -> Iterator[ArchiveService]:
    service = ArchiveService(BotSettings(index=Path(shutil.copytree(sample_folder, tmp_path / "index")), queue=50))
    service.warm_up()
    yield service
    service.close()


def test_questions_asked_at_once_are_embedded_as_batches(
    service: ArchiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    threads: set[str] = set()
    read = Embedder.embed_query_pairs

    def watched(self: Embedder, texts: Any) -> Any:
        batches.append(len(texts))
        threads.add(threading.current_thread().name)
        return read(self, texts)

    monkeypatch.setattr(Embedder, "embed_query_pairs", watched)
    questions = ["Qui a gagné la Coupe des Balafons ?", "???", *(f"Où est le marché numéro {n} ?" for n in range(40))]

    async def ask() -> list[Any]:
        return await asyncio.gather(*(service.ask(question) for question in questions), return_exceptions=True)

    answers = asyncio.run(ask())
    assert "Étincelles" in answers[0][0].quotes[0].article.title
    assert isinstance(answers[1], BadInput)  # and costs the others nothing
    assert [answer.question for answer, _ in answers[2:]] == questions[2:]
    assert max(batches) >= 8
    assert threads == {"answering"}


def test_a_full_queue_says_so_at_once(service: ArchiveService) -> None:
    async def ask() -> list[Any]:
        return await asyncio.gather(*(service.ask(f"Où est Kita {n} ?") for n in range(80)), return_exceptions=True)

    answers = asyncio.run(ask())
    refused = [answer for answer in answers if isinstance(answer, Overloaded)]
    assert 0 < len(refused) <= 30
    assert all(isinstance(answer, (tuple, Overloaded)) for answer in answers)
