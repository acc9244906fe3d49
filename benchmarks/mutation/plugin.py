"""A plugin of pytest that makes tests cheap enough for a thousand runs; it changes nothing that is tested.

The sample archive is built once, and what the embedding model says to a text is asked once: no mutant is part of
either. Tests by hypothesis have a few examples, always the same. `Watch` notes which functions each test calls.
"""

from __future__ import annotations

import pickle
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import Phase, settings

_SETTINGS = "_hypothesis_internal_use_settings"
_PHASES = (Phase.explicit, Phase.generate)

Said = dict[tuple[str, str, tuple[Any, ...]], tuple[Any, Any]]


class Prepared:
    """Serves the sample archive in `folder`, and what the model `said` when tests were run before."""

    def __init__(self, folder: Path, said: Said) -> None:
        self.folder = folder
        self.said = said

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> object:
        if fixturedef.argname != "sample_folder" or not self.folder.exists():
            return None  # it is made by the fixture itself
        fixturedef.cached_result = (self.folder, fixturedef.cache_key(request), None)
        return self.folder

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            test = getattr(item, "obj", None)
            if own := getattr(test, _SETTINGS, None):
                setattr(
                    test, _SETTINGS, settings(own, max_examples=10, derandomize=True, database=None, phases=_PHASES)
                )

    def pytest_collection_finish(self) -> None:
        from kibaru.embedding import embedder

        load, prompts = embedder._load_packaged, embedder.PROMPTS

        def encode(path: str, texts: list[str], prompt: str, parts: Sequence[Sequence[Any]]) -> tuple[Any, list[Any]]:
            import numpy as np

            keys = [(text, prompt, tuple(tuple(span) for span in own)) for text, own in zip(texts, parts, strict=True)]
            if any(key not in self.said for key in keys):
                vectors, inner = load(path).encode(texts, prompt, parts)
                for key, vector, own in zip(keys, vectors, inner, strict=True):
                    self.said[key] = vector, own
            return np.array([self.said[key][0] for key in keys]), [self.said[key][1] for key in keys]

        def encode_query_pairs(path: str, texts: list[str], prompt: str) -> Any:
            import numpy as np

            keys = [(text, prompt, ("question",)) for text in texts]
            if any(key not in self.said for key in keys):
                for key, vectors in zip(keys, load(path).encode_query_pairs(texts, prompt), strict=True):
                    self.said[key] = vectors, []
            return np.array([self.said[key][0] for key in keys])

        def remembering(path: str) -> Any:
            return SimpleNamespace(
                dimension=384,
                prompts=prompts,
                embeds_sentences=True,
                encode=lambda texts, prompt, parts: encode(path, texts, prompt, parts),
                encode_query_pairs=lambda texts, prompt: encode_query_pairs(path, texts, prompt),
            )

        embedder._load_packaged = remembering  # type: ignore[assignment]


class Watch:
    """Notes for each test how long it took and which functions of `source` it called, into `file`."""

    def __init__(self, source: Path, file: Path, prepared: Prepared) -> None:
        self.source = str(source)
        self.file = file
        self.prepared = prepared
        self.called: dict[str, tuple[float, set[str]]] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        called = set[str]()

        def note(frame: FrameType, event: str, _: object) -> None:
            if event == "call" and frame.f_code.co_filename == self.source:
                called.add(frame.f_code.co_qualname.split(".<locals>")[0])

        begun = time.process_time()
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            return (yield)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
            self.called[item.nodeid] = time.process_time() - begun, called

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.file.write_bytes(pickle.dumps((self.called, self.failed, self.prepared.said, sorted(sys.modules))))


class Chosen:
    """Runs these tests alone, in their order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.tests = tests

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        by_id = {item.nodeid: item for item in items}
        items[:] = [by_id[test] for test in self.tests if test in by_id]
