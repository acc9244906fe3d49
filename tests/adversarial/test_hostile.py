"""A sample of benchmarks/ingest/hostile.py: damaged or harmful files become articles, or lines that say why."""

from __future__ import annotations

import pytest
from adversarial.hostile_inputs import _bombs, hostile_inputs

from kibaru.ingest.files import read_bytes
from kibaru.types import Article, Failure

SAMPLE = (
    "page: 100,000 nested divs", "page: nested tables", "page: 300,000 elements", "page: JSON-LD nested",
    "page: entities",
    "page: laughing doctype", "page: file entity", "page: declared idna", "pdf: pages that are their own children",
    "pdf: 50,000 pages", "pdf: a form that draws itself", "pdf: filters upon filters", "pdf: numbers", "pdf: xref loop",
    "zip: nested bombs", "zip: climbing", "zip: sizes that lie", "zip: names that terminals obey", "zip: lzma",
    "docx: laughs", "docx: 100,000 nested", "odt: file entity", "odt: parameter entity", "odt: zeros", "epub: climbs",
    "epub: contains itself", "epub: deep chapter", "eml: nested parts", "eml: a header of 5 MB", "eml: odd date",
    "eml: attachments that climb", "eml: a bomb attached", "mhtml: base64 damaged",
)  # fmt: skip


def check(name: str, data: bytes) -> list[Article | Failure]:
    results = list(read_bytes(name, data))
    assert results
    for result in results:
        assert isinstance(result, Article) or str(result).isprintable()
        assert "root:" not in str(result), "it shows a file of this machine"
    return results


@pytest.fixture(scope="module")
def bombs() -> dict[str, tuple[str, bytes]]:
    return {label: (name, data) for label, name, data in _bombs() if label in SAMPLE}


@pytest.mark.parametrize("label", SAMPLE)
def test_bomb_is_bounded(label: str, bombs: dict[str, tuple[str, bytes]]) -> None:
    check(*bombs[label])


def test_damaged_files_are_read_or_refused() -> None:
    for _, name, data in hostile_inputs(70, seed=1, bombs=False):
        check(name, data)
