"""Which parser reads which kind of document. All of them run in the process apart, see `isolation`."""

from __future__ import annotations

from dataclasses import dataclass

from kibaru.types import Article

DOCUMENTS = (".html", ".htm", ".xhtml", ".mhtml", ".mht", ".pdf", ".docx", ".odt", ".epub", ".eml")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a document holds: articles, and files to be read by their own names."""

    articles: tuple[Article, ...]
    attachments: tuple[tuple[str, bytes], ...] = ()


def read_document(suffix: str, data: bytes) -> Contents:
    """The contents of a document of the kind that `suffix`, one of DOCUMENTS, tells. Raises BadInput."""
    if suffix == ".pdf":
        from kibaru.ingest.pdf.document import article_from_pdf

        return Contents((article_from_pdf(data),))
    if suffix in (".docx", ".odt"):
        from kibaru.ingest.office import article_from_docx, article_from_odt

        return Contents(((article_from_docx if suffix == ".docx" else article_from_odt)(data),))
    if suffix == ".epub":
        from kibaru.ingest.epub import articles_from_epub

        return Contents(tuple(articles_from_epub(data)))
    if suffix == ".eml":
        from kibaru.ingest.email import article_and_attachments

        article, files = article_and_attachments(data)
        return Contents((article,) if article else (), tuple(files))
    if suffix in (".mhtml", ".mht"):
        from kibaru.ingest.email import article_from_mhtml

        return Contents((article_from_mhtml(data),))
    from kibaru.ingest.html.page import article_from_page

    return Contents((article_from_page(data, shortest=1),))
