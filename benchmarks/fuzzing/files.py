"""Targets: files of every kind, as newsrooms add and editors send them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice

from data.documents.office import book, letter, libre_document, word_document, zipped
from data.documents.pdfs import locked_pdf, scanned_pdf, set_pdf
from data.pages import pages
from data.pages.stories import STORIES

from fuzzing.invariants import apart, check_article, check_passages, check_reason, refusing
from fuzzing.target import Target
from kibaru.ingest.documents import parse_document
from kibaru.ingest.encodings import decode
from kibaru.ingest.files import SUFFIXES, read_bytes
from kibaru.ingest.html.metadata import extract_metadata
from kibaru.ingest.html.tree import parse_html
from kibaru.types import Article, Failure

STORY = STORIES[1]
_HTML = (
    "<p>", "</p>", "<div>", "<br>", "<table><tr><td>", "<ul><li>", "<h1>", "<h2>", "<article>", "<a href=", "<time datetime=",
    "<script type='application/ld+json'>", '{"@type":"NewsArticle"', '"headline":', '"datePublished":', '"author":[', "<meta ",
    "property='og:title' content=", "<link rel=canonical href=", "class=", "itemprop=", "&amp;", "&#x202e;", "&#27;", "charset=",
    "isAccessibleForFree", "paywall", "lang=fr", "2025-11-11", "hidden", "<base href=", "<svg>", "<!--", "<![CDATA[",
)  # fmt: skip
_XML = (
    "<?xml",
    "<!DOCTYPE x [",
    "<!ENTITY",
    "&a;",
    "xmlns:",
    "<w:p>",
    "<w:t>",
    "<text:p>",
    "<text:h>",
    "]]>",
    "&#0;",
    "encoding=",
)


def document(suffix: str) -> Callable[[bytes], None]:
    """Reading a document of a kind."""

    def run(data: bytes) -> None:
        with apart():
            contents = parse_document(suffix, data)
            for article in contents.articles:
                check_article(article)
                check_passages(article.text[:5_000], article.language)

    return run


def read(name: str) -> Callable[[bytes], None]:
    """Reading a file called `name` the whole way."""

    def run(data: bytes) -> None:
        for result in islice(read_bytes(name, data), 50):
            _check_result(result)

    return run


def _check_result(result: Article | Failure) -> None:
    if isinstance(result, Article):
        check_article(result)
    else:
        check_reason(str(result))


def part_of(suffix: str, honest: bytes, name: str) -> Callable[[bytes], None]:
    """Reading a package of which one part is the input: damage that the checksums of a whole package would betray."""
    parts = _parts(honest)

    def run(data: bytes) -> None:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for each, content in (parts | {name: data}).items():
                archive.writestr(each, content)
        document(suffix)(made.getvalue())

    return run


def _parts(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {each: archive.read(each) for each in archive.namelist()}


def facts(data: bytes) -> None:
    """What a page says of itself."""
    with apart():
        found = extract_metadata(parse_html(data), "https://journal.example/2025/11/03/pont")
        assert "\x1b" not in found.url


def encoding(data: bytes) -> None:
    """Bytes to text."""
    with refusing():
        decode(data).encode("utf-8", "surrogatepass")


def _pages() -> Iterator[bytes]:
    return (data for _, _, data in list(pages())[::3])


def _heads() -> Iterator[bytes]:
    return (data[:6_000] for data in _pages())


_DOCX = word_document(STORY.title, STORY.body[:4], STORY.author)
_ODT = libre_document(STORY.title, STORY.body[:4], STORY.author)
_EPUB = book("Livre", "Sira", {s.title: f"<p>{s.text[:600]}</p>" for s in STORIES[:2]})
_CHAPTER = next(name for name in _parts(_EPUB) if name.endswith("html") and "nav" not in name)
_OPF = next(name for name in _parts(_EPUB) if name.endswith(".opf"))
_LETTER = letter(
    STORY.title, STORY.text[:900], html=f"<p>{STORY.text[:300]}</p>", attachments={"a.txt": b"Un\n\nDeux."}
)
_MHTML = letter(STORY.title, "", html=f"<h1>{STORY.title}</h1><p>{STORY.text[:900]}</p>")
_MARKDOWN = (
    b"---\ntitle: Le pont\npublished: 2025-11-11\nauthor: [Awa, Issa]\nlanguage: fr\nurl: https://a.example/x\npages: [0, 9]\n"
    b"---\n\n# Titre\n\nLe *maire* a [ouvert](http://a) le `pont`.\n\n- Un\n- Deux\n\n| a | b |\n|---|---|\n| c | d |\n"
)
_JSONL = (
    b'{"title": "Le pont", "text": "Le maire a ouvert le pont.", "url": "https://a.example/x", "published": "11/11/2025", '
    b'"pages": [0, 3], "id": "pont-1", "author": ["Awa"], "modified": "2025-11-12T10:00:00+00:00", "outlet": "La Gazette"}\n'
)
_CSV = b'title;text;published\n"Le ""pont""";"Le maire\na ouvert le pont.";11 novembre 2025\nDeux;Texte;2025-01-02\n'
_PDFS = (
    set_pdf(STORY.title, STORY.body[:5], columns=1),
    set_pdf(STORY.title, STORY.body[:5], columns=2, head="La Gazette"),
)
_ZIP = zipped({"a.txt": "Titre\n\nTexte.", "b.jsonl": _JSONL, "c.zip": zipped({"d.md": _MARKDOWN}), "e.csv": _CSV})

TARGETS = {
    "page": Target(document(".html"), _pages, _HTML, 30_000),
    "page-facts": Target(facts, _heads, _HTML, 8_000),
    "encoding": Target(encoding, lambda: ["é à ç".encode(code) * 9 for code in ("utf-8", "cp1252", "utf-16", "cp1256")]),
    "pdf": Target(document(".pdf"), lambda: [*_PDFS, scanned_pdf(1), locked_pdf()], ("/Page", "obj", "stream", "BT", "Tj"), 40_000),
    "docx": Target(document(".docx"), lambda: [_DOCX], (), 60_000),
    "docx-part": Target(
        part_of(".docx", _DOCX, "word/document.xml"), lambda: [_parts(_DOCX)["word/document.xml"]], _XML, 20_000
    ),
    "odt-part": Target(part_of(".odt", _ODT, "content.xml"), lambda: [_parts(_ODT)["content.xml"]], _XML),
    "odt-facts": Target(part_of(".odt", _ODT, "meta.xml"), lambda: [_parts(_ODT)["meta.xml"]], _XML),
    "epub": Target(document(".epub"), lambda: [_EPUB], (), 20_000),
    "epub-chapter": Target(part_of(".epub", _EPUB, _CHAPTER), lambda: [_parts(_EPUB)[_CHAPTER]], _HTML),
    "epub-contents": Target(part_of(".epub", _EPUB, _OPF), lambda: [_parts(_EPUB)[_OPF]], (*_XML, "<item id=", "<itemref idref=")),
    "eml": Target(
        document(".eml"), lambda: [_LETTER], ("From:", "Subject: =?utf-8?q?", "Content-Type: ", "multipart/mixed; boundary=", "Date:",
        "Content-Transfer-Encoding: base64", 'filename*=utf-8\'\'', "charset=", "message/rfc822"), 8_000,
    ),
    "mhtml": Target(document(".mhtml"), lambda: [_MHTML], ("Snapshot-Content-Location: ", *_HTML[:9]), 8_000),
    "zip": Target(read("a.zip"), lambda: [_ZIP], ("PK\x01\x02", "PK\x03\x04", "PK\x05\x06", *SUFFIXES), 6_000),
    "text": Target(read("a.txt"), lambda: [f"{STORY.title}\n\n{STORY.text}".encode()]),
    "markdown": Target(read("a.md"), lambda: [_MARKDOWN], ("---\n", "title: ", "!!python/object:", "&a", "*a", "[^1]", "```"), 4_000),
    "json-lines": Target(read("a.jsonl"), lambda: [_JSONL], ('"text":', '"pages":', '"id":', '"url":', "\\ud800", "1e999", "NaN", "null")),
    "csv": Target(read("a.csv"), lambda: [_CSV], ('""', ";", "\t", "text", "title", "\r\n")),
}  # fmt: skip
