"""What must hold of anything that comes out, whatever went in."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path

import kibaru
from kibaru.errors import KibaruError
from kibaru.ingest.article import MAX_TEXT
from kibaru.ingest.formats import article_from_record
from kibaru.text.chunking import sentences_of, split_passages
from kibaru.text.cleaning import clean
from kibaru.text.sentences import MAX_SENTENCE
from kibaru.text.stems import stems
from kibaru.text.urls import canonical_url, url_key
from kibaru.types import Article

_OURS = Path(kibaru.__file__).parent
_LONGEST_REASON = 500


def text_of(data: bytes) -> str:
    """The text that an input is, lone halves of characters too."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def fields_of(data: bytes, count: int) -> list[str]:
    """The `count` texts that an input is, parted by NUL, the last with what is left."""
    parts = text_of(data).split("\0", count - 1)
    return [*parts, *[""] * (count - len(parts))]


@contextmanager
def refusing() -> Iterator[None]:
    """Kibaru may refuse an input, in one line that any terminal can show."""
    try:
        yield
    except KibaruError as error:
        check_reason(str(error))


@contextmanager
def apart() -> Iterator[None]:
    """As `refusing`, for what runs in the process apart: that also turns errors inside of libraries, and running out
    of memory or stack, into a line. Errors raised by Kibaru's own lines are faults all the same."""
    try:
        with refusing():
            yield
    except (MemoryError, RecursionError):
        pass
    except Exception as error:
        if _OURS in Path(traceback.extract_tb(error.__traceback__)[-1].filename).parents:
            raise


def check_reason(reason: str) -> None:
    assert reason
    assert reason.isprintable(), f"a terminal would obey {reason!r}"
    assert len(reason) <= _LONGEST_REASON, f"a reason of {len(reason)} characters"


def check_article(article: Article) -> None:
    """An article is clean, bounded, and the same again when it is exported and added elsewhere."""
    assert article.text == clean(article.text).strip()
    assert 0 < len(article.text) <= MAX_TEXT
    for line in (article.title, article.author or "-", article.outlet or "-"):
        assert line == " ".join(clean(line).split())
        assert line
    assert len(article.title) <= 500
    assert len(article.outlet or "") <= 500
    if article.url:
        assert article.url.isprintable(), f"a terminal would obey {article.url!r}"
        assert canonical_url(article.url) == article.url
        url_key(article.url).encode()
    assert article.id.isprintable()
    for day in (article.published, article.modified):
        assert day is None or date.fromisoformat(day[:10])
    assert list(article.pages) == sorted(article.pages)
    assert all(0 <= page <= len(article.text) for page in article.pages)
    written = json.dumps(asdict(article), ensure_ascii=False).encode()
    assert article_from_record(json.loads(written)) == article


def check_passages(text: str, language: str | None) -> None:
    """Passages are whole sentences, in order and apart, and no word of the text is in none but headings."""
    end, lost = 0, list[str]()
    for passage in split_passages(text, language):
        assert end <= passage.start < passage.end <= len(text)
        assert text[passage.start : passage.end] == text[passage.start : passage.end].strip()
        sentences = sentences_of(text, passage.start, passage.end, language)
        assert sentences, "a passage without a sentence cannot be quoted"
        last = passage.start
        for start, stop in sentences:
            assert last <= start < stop <= passage.end
            assert stop - start <= MAX_SENTENCE
            assert text[start:stop] == text[start:stop].strip()
            assert not text[last:start].strip()
            last = stop
        assert not text[last : passage.end].strip()
        lost.append(text[end : passage.start])
        end = passage.end
    lost.append(text[end:])
    for between in lost:  # headings: marked, or lines of up to 120 characters
        assert len(between.strip()) <= 121 * (1 + between.count("\n")) or "#" in between


def check_stems(text: str, language: str | None) -> None:
    """Stems are letters and digits, in lower case: what the index and its query language are made of."""
    for stem in stems(text, language):
        assert '"' not in stem
        assert "\0" not in stem
        stem.encode()
