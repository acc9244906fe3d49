"""The sample archive, built once, and copies of it to change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import kibaru.process

kibaru.process.prepare()

from kibaru.archive import Kibaru
from kibaru.ingest.article import make_article
from kibaru.ingest.files import read_articles
from kibaru.samples import SAMPLES
from kibaru.settings import Settings
from kibaru.types import Article, Outcome


@dataclass(frozen=True)
class SampleQuestion:
    """A row of sample_questions.jsonl: `answer` stands in the article with this `url`; both None when unanswerable."""

    id: str
    kind: str
    question: str
    url: str | None
    answer: str | None
    language: str
    clean_id: str | None
    variant: str


@pytest.fixture(scope="session")
def sample_questions() -> list[SampleQuestion]:
    lines = Path(__file__).parent.joinpath("data", "sample_questions.jsonl").read_text("utf-8").splitlines()
    return [SampleQuestion(**json.loads(line)) for line in lines]


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an archive of the sample articles. Read it, copy it, never write to it."""
    folder = tmp_path_factory.mktemp("samples") / "index"
    with Kibaru(Settings(index=folder), create=True) as kibaru:
        assert all(isinstance(outcome, Outcome) for outcome in kibaru.add(read_articles([SAMPLES])))
    return folder


@pytest.fixture(scope="session")
def samples(sample_folder: Path) -> Iterator[Kibaru]:
    """The sample archive, to ask."""
    with Kibaru(Settings(index=sample_folder)) as kibaru:
        yield kibaru


@pytest.fixture
def folder(sample_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample archive's folder, to change; the command line works on it, and no `.env` is read."""
    copy = tmp_path / "index"
    shutil.copytree(sample_folder, copy)
    monkeypatch.setenv("KIBARU_INDEX", str(copy))
    monkeypatch.chdir(tmp_path)
    return copy


@pytest.fixture
def archive(folder: Path) -> Iterator[Kibaru]:
    """A copy of the sample archive, to change."""
    with Kibaru(Settings(index=folder)) as kibaru:
        yield kibaru


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """Run `kibaru` with arguments as the console script does, in this process, so that the model is loaded once."""
    from kibaru.cli.main import main

    def run(*arguments: str) -> Finished:
        monkeypatch.setattr("sys.argv", ["kibaru", *arguments])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Finished(code, captured.out, captured.err)

    return run


@pytest.fixture
def article() -> Article:
    """An article that is not among the samples."""
    return make_article(
        title="Le bac de Farabougou reprend la traversée du fleuve",
        text="Le bac de Farabougou a repris la traversée du fleuve jeudi. Son capitaine, Zoumana Bérété, attendait une "
        "hélice depuis quatre mois. Le billet coûte 250 francs CFA.",
        url="https://journal.example/bac",
        published="2026-01-15",
        author="Nana Coulibaly",
    )
