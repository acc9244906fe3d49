"""Which parser reads which kind of document. All of them run in the process apart, see `isolation`."""

from __future__ import annotations

from dataclasses import dataclass

from kibaru.types import Article

DOCUMENTS = (".html", ".htm", ".xhtml", ".mhtml", ".mht", ".pdf", ".docx", ".odt", ".epub", ".eml")


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a document holds: articles, and files to be read by their own names."""

    articles: tuple[Article, ...]
    attachments: tuple[tuple[str, bytes], ...] = ()


def parse_document(suffix: str, data: bytes) -> ParsedDocument:
    """The contents of a document of the kind that `suffix`, one of DOCUMENTS, tells. Raises BadInput."""
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
