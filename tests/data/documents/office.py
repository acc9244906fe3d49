"""Office documents, books and messages, made as their programs make them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage

import docx

_ODT = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"'
)


def word_document(title: str, blocks: Sequence[str], author: str = "", made: datetime | None = None) -> bytes:
    """A .docx with the title in its properties and above the blocks (`## ` headings, `- ` items, paragraphs)."""
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = title, author
    if made:
        document.core_properties.created = document.core_properties.modified = made
    document.add_heading(title, 0)
    for block in blocks:
        if block.startswith("## "):
            document.add_heading(block[3:], 2)
        elif block.startswith("- "):
            document.add_paragraph(block[2:], style="List Bullet")
        else:
            document.add_paragraph(block)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def libre_document(title: str, blocks: Sequence[str], author: str = "", made: str = "2025-03-04T10:00:00") -> bytes:
    """An .odt as LibreOffice writes it, with a note and a comment that are no part of the text."""
    parts = [f'<text:p text:style-name="Title">{title}</text:p>']
    for block in blocks:
        if block.startswith("## "):
            parts.append(f'<text:h text:outline-level="2">{block[3:]}</text:h>')
        elif block.startswith("- "):
            parts.append(f"<text:list><text:list-item><text:p>{block[2:]}</text:p></text:list-item></text:list>")
        else:
            words = block.replace(" ", "<text:s/>", 1)
            parts.append(
                f"<text:p>{words}<text:note><text:note-body><text:p>Une note.</text:p></text:note-body></text:note>"
                "<office:annotation><text:p>À vérifier !</text:p></office:annotation></text:p>"
            )
    content = f"<office:document-content {_ODT}><office:body><office:text>{''.join(parts)}</office:text></office:body>"
    meta = (
        f"<office:document-meta {_ODT}><office:meta><dc:title>{title}</dc:title><dc:creator>{author}</dc:creator>"
        f"<meta:creation-date>{made}</meta:creation-date></office:meta></office:document-meta>"
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": content + "</office:document-content>",
            "meta.xml": meta,
        }
    )


def book(title: str, author: str, chapters: Mapping[str, str], language: str = "fr") -> bytes:
    """An .epub with a cover, a page of contents and the chapters, given as XHTML by their headings."""
    pages = {"couverture.xhtml": "<p>Éditions du Fleuve</p>", "nav.xhtml": "<h1>Sommaire</h1>" + "<p>Chapitre</p>" * 60}
    pages |= {f"c{n}.xhtml": f"<h1>{heading}</h1>{body}" for n, (heading, body) in enumerate(chapters.items())}
    items = "".join(f'<item id="{n}" href="{n}" media-type="application/xhtml+xml"/>' for n in pages)
    refs = "".join(f'<itemref idref="{n}"/>' for n in pages)
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        f"<dc:title>{title}</dc:title><dc:creator>{author}</dc:creator><dc:language>{language}</dc:language>"
        f"<dc:date>2024-05-06</dc:date></metadata><manifest>{items}</manifest><spine>"
        f"{refs}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/livre.opf"/></rootfiles></container>'
    )
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{}</body></html>'
    return zipped(
        {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "OEBPS/livre.opf": opf}
        | {f"OEBPS/{name}": page.format(body) for name, body in pages.items()}
    )


def letter(
    subject: str, text: str, *, html: str = "", attachments: Mapping[str, bytes] | None = None, date: str = ""
) -> bytes:
    """An .eml from Awa Sangaré, with a signature below the text."""
    message = EmailMessage()
    message["From"] = "Awa Sangaré-Touré <awa@journal.example>"
    message["To"] = "redaction@journal.example"
    message["Subject"] = subject
    message["Date"] = date or "Tue, 04 Mar 2025 08:15:00 +0000"
    message.set_content(text + "\n\n-- \nAwa Sangaré-Touré\nTél. 76 00 00 00\n")
    if html:
        message.add_alternative(html, subtype="html")
    for name, data in (attachments or {}).items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """A zip archive of the files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()
