"""Choose the parser for a kind of document. All of them are meant to run in `sandbox`."""

from __future__ import annotations

from dataclasses import dataclass

from kibaru.types import Article

DOCUMENTS = (".html", ".htm", ".xhtml", ".mhtml", ".mht", ".pdf", ".docx", ".odt", ".epub", ".eml")
"""Suffixes of the kinds of documents."""


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a document holds: its articles, and attached files as (name, bytes)."""

    articles: tuple[Article, ...]
    attachments: tuple[tuple[str, bytes], ...] = ()


def parse_document(suffix: str, data: bytes) -> ParsedDocument:
    """Parse a document.

    Args:
        suffix: One of DOCUMENTS.
        data: The file.

    Raises:
        BadInput: It cannot be read, or holds no article.
    """
    if suffix == ".pdf":
        from kibaru.ingest.pdf.document import article_from_pdf

        return ParsedDocument((article_from_pdf(data),))
    if suffix in (".docx", ".odt"):
        from kibaru.ingest.office import article_from_docx, article_from_odt

        return ParsedDocument(((article_from_docx if suffix == ".docx" else article_from_odt)(data),))
    if suffix == ".epub":
        from kibaru.ingest.epub import articles_from_epub

        return ParsedDocument(tuple(articles_from_epub(data)))
    if suffix == ".eml":
        from kibaru.ingest.email import article_and_attachments

        article, files = article_and_attachments(data)
        return ParsedDocument((article,) if article else (), tuple(files))
    if suffix in (".mhtml", ".mht"):
        from kibaru.ingest.email import article_from_mhtml

        return ParsedDocument((article_from_mhtml(data),))
    from kibaru.ingest.html.extraction import article_from_html

    return ParsedDocument((article_from_html(data, shortest=1),))
