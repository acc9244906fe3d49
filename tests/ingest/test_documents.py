"""PDFs, office documents, books, e-mails and archives of them, to articles."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from data.documents.office import book, letter, libre_document, word_document, zipped
from data.documents.pdfs import locked_pdf, scanned_pdf, set_pdf
from data.pages import token_f1
from data.pages.stories import STORIES, Story

from kibaru.ingest.files import read_articles, read_bytes
from kibaru.ingest.pdf.layout import Line, columns_in_reading_order
from kibaru.types import Article, Failure

LATIN = [story for story in STORIES if story.language != "ar"]
STORY = LATIN[0]
HEAD = "La Gazette du Fleuve · jeudi 4 septembre 2025"


def only(name: str, data: bytes) -> Article:
    (article,) = read_bytes(name, data)
    assert isinstance(article, Article), article
    return article


def why(name: str, data: bytes) -> str:
    (failure,) = read_bytes(name, data)
    assert isinstance(failure, Failure), failure
    assert "\n" not in str(failure)
    return failure.why


LAYOUTS = {
    "paragraphs apart": {},
    "paragraphs indented": {"paragraph_gap": 0, "indent": 14},
    "running heads": {"head": HEAD, "lines_a_column": 12},
    "two columns": {"columns": 2, "head": HEAD, "lines_a_column": 16},
    "three columns": {"columns": 3, "size": 9, "indent": 9, "paragraph_gap": 2, "head": HEAD},
    "justified columns": {"columns": 2, "justify": True, "indent": 10, "paragraph_gap": 2, "lines_a_column": 14},
    "sans serif": {"font": "Helvetica", "bold": "Helvetica-Bold", "lines_a_column": 9},
}


def test_a_wide_line_below_two_columns_comes_after_both() -> None:
    def line(text: str, left: float, right: float, bottom: float) -> Line:
        return Line(text, left, right, bottom, bottom + 10)

    columns = [
        line(f"{name}{n}", left, left + 230, 700 - 12 * n) for n in range(6) for name, left in (("a", 50), ("b", 310))
    ]
    read = columns_in_reading_order([*columns, line("wide", 50, 540, 600)], 595)
    assert [[line.text for line in column] for column in read] == [
        [f"a{n}" for n in range(6)], [f"b{n}" for n in range(6)], ["wide"],
    ]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pdf_reads_as_it_was_written(layout: str) -> None:
    read = [only("a.pdf", set_pdf(s.title, s.body, **LAYOUTS[layout])) for s in LATIN[:6]]
    assert [article.title for article in read] == [story.title for story in LATIN[:6]]
    scores = [token_f1(article.text, story.text) for article, story in zip(read, LATIN, strict=False)]
    assert min(scores) > 0.98, scores
    assert sum(article.text == story.text for article, story in zip(read, LATIN, strict=False)) >= 4


def test_pdf_pages_start_where_they_are_said_to() -> None:
    body = tuple(block for story in LATIN[:4] for block in story.body)
    article = only("a.pdf", set_pdf("Quatre nouvelles du mois", body, head=HEAD, lines_a_column=12))
    assert len(article.pages) > 3
    assert article.pages[0] == 0
    import pypdfium2

    document = pypdfium2.PdfDocument(set_pdf("Quatre nouvelles du mois", body, head=HEAD, lines_a_column=12))
    for number, start in enumerate(article.pages[1:], start=1):
        printed = document[number].get_textpage().get_text_range().split("\r\n")
        first = next(line for line in printed if HEAD not in line and "page" not in line and len(line) > 3)
        assert article.text[start:].removeprefix("## ").removeprefix("- ").startswith(first[:12].removeprefix("• "))


def test_hyphens_at_line_ends_go_and_those_of_compounds_stay() -> None:
    text = (
        "Le développement de Bobo-Dioulasso, dit-il, passe par le chemin de fer, et peut-être par le sous-préfet. "
        "Le vice-président du conseil régional, lui-même ancien cheminot, en a fait une promesse de campagne."
    )
    for width in range(2, 6):
        article = only("a.pdf", set_pdf("Le rail revient dans le Houet", [text], columns=width, size=10))
        assert article.text == text


def test_ligatures_in_pdf_are_letters() -> None:
    from data.documents.pdfs import register_font

    path = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    if not path.exists():
        pytest.skip("no font with ligatures here")
    font = register_font(str(path), "DejaVu")
    article = only(
        "a.pdf", set_pdf("Le titre", ["Une ﬁn diﬃcile pour les ﬂeuves du Sahel, dit-on à Mopti."], font=font, bold=font)
    )
    assert article.text == "Une fin difficile pour les fleuves du Sahel, dit-on à Mopti."


def test_pdf_title_is_no_name_of_a_file_and_author_no_name_of_a_machine() -> None:
    named = only(
        "a.pdf", set_pdf(STORY.title, STORY.body, metadata={"Title": "Microsoft Word - v2.docx", "Author": "user"})
    )
    assert (named.title, named.author) == (STORY.title, None)
    titled = only("a.pdf", set_pdf("À LA UNE", STORY.body, metadata={"Title": STORY.title, "Author": STORY.author}))
    assert (titled.title, titled.author) == (STORY.title, STORY.author)


def test_pdf_is_dated_by_its_running_head_or_byline_and_not_by_what_it_tells() -> None:
    assert only("a.pdf", set_pdf(STORY.title, STORY.body, head=HEAD)).published == "2025-09-04"
    byline = "Par Mariam Sangho-Keïta, le 5 septembre 2025"
    assert only("a.pdf", set_pdf(STORY.title, [byline, *STORY.body])).published == "2025-09-05"
    told = "Le pont a cédé le 14 août 2025, dit le préfet."
    assert (
        only("a.pdf", set_pdf(STORY.title, [told, *STORY.body])).published == "2000-01-01"
    )  # when it says it was made


def test_scanned_and_locked_pdfs_are_explained() -> None:
    assert "OCR" in why("a.pdf", scanned_pdf())
    assert "password" in why("a.pdf", locked_pdf())


def test_word_document_gives_headings_lists_tables_and_properties() -> None:
    story = LATIN[1]
    article = only("a.docx", word_document(story.title, story.body, story.author, datetime(2025, 10, 18, 9)))
    assert (article.title, article.text, article.author) == (story.title, story.text, story.author)
    assert (article.published, article.modified) == ("2025-10-18", "2025-10-18")


def test_libreoffice_document_leaves_notes_and_comments_out() -> None:
    story = LATIN[1]
    article = only("a.odt", libre_document(story.title, story.body, story.author))
    assert (article.title, article.text, article.author) == (story.title, story.text, story.author)
    assert article.published == "2025-03-04"


def test_book_gives_an_article_a_chapter() -> None:
    chapters = {s.title: "".join(f"<p>{block}</p>" for block in s.body if block[0] not in "#-") for s in LATIN[2:5]}
    articles = list(read_bytes("a.epub", book("Trois fleuves", "Sira Konaté-Bah", chapters)))
    assert [a.title for a in articles if isinstance(a, Article)] == [f"Trois fleuves — {s.title}" for s in LATIN[2:5]]
    assert {(a.author, a.published, a.language) for a in articles if isinstance(a, Article)} == {
        ("Sira Konaté-Bah", "2024-05-06", "fr")
    }


def test_email_gives_its_body_and_its_attachments() -> None:
    data = letter(
        f"Re: {STORY.title}",
        STORY.text,
        attachments={"suite.docx": word_document("Suite", LATIN[2].body), "p.jpg": b"x"},
    )
    body, attached = read_bytes("a.eml", data)
    assert isinstance(body, Article)
    assert isinstance(attached, Article)
    assert (body.title, body.text, body.author) == (STORY.title, STORY.text, "Awa Sangaré-Touré")
    assert body.published == "2025-03-04T08:15:00+00:00"
    assert (attached.title, attached.text) == ("Suite", LATIN[2].text)


def test_email_in_html_only_is_read() -> None:
    paragraphs = "".join(f"<p>{block}</p>" for block in STORY.body if block[0] != "#")
    html = f"<table><tr><td><h1>{STORY.title}</h1>{paragraphs}</td></tr></table>"
    article = only("a.eml", letter(STORY.title, "Voir en ligne.", html=html))
    assert STORY.body[2] in article.text


def test_archive_is_read_file_by_file() -> None:
    pdf = set_pdf(LATIN[3].title, LATIN[3].body)
    data = zipped(
        {"a/un.txt": f"{STORY.title}\n{STORY.text}", "b.pdf": pdf, "c.docx": b"PK", "photo.jpg": b"x", ".x.txt": "x"}
    )
    first, second, third = read_bytes("tout.zip", data)
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert (first.title, second.title) == (STORY.title, LATIN[3].title)
    assert str(third).startswith("tout.zip, c.docx: ")


def test_folder_takes_in_archives_and_documents(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"un.txt": f"Un\n{STORY.text}"}))
    (tmp_path / "b.odt").write_bytes(libre_document("Deux", LATIN[2].body))
    assert [a.title for a in read_articles([tmp_path]) if isinstance(a, Article)] == ["Un", "Deux"]


def test_archive_in_an_archive_is_read_and_no_deeper() -> None:
    inner = zipped({"un.txt": f"Un\n{STORY.text}"})
    (article,) = read_bytes("a.zip", zipped({"b.zip": inner}))
    assert isinstance(article, Article)
    assert "lies in another" in why("a.zip", zipped({"b.zip": zipped({"c.zip": inner})}))


@pytest.mark.parametrize("name", ["../un.txt", "/etc/un.txt", "a/../../un.txt", "C:\\un.txt", "..\\un.txt"])
def test_names_that_lead_out_of_an_archive_are_reported(name: str) -> None:
    assert "out of the archive" in why("a.zip", zipped({name: f"Un\n{STORY.text}"}))


def test_link_in_an_archive_is_reported() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("un.txt")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "a link" in why("a.zip", out.getvalue())


def test_bombs_are_reported_unexpanded() -> None:
    assert "200 times" in why("a.zip", zipped({"un.txt": b"a" * 50_000_000}))
    assert "200 times" in why("a.docx", zipped({"word/document.xml": b"a" * 50_000_000}))
    assert "20,000 files" in why("a.zip", zipped({f"{n}.txt": b"" for n in range(20_001)}))


@pytest.mark.parametrize("story", LATIN[5:7])
def test_saved_pages_are_read_from_files(story: Story) -> None:
    from data.pages.content_systems import wordpress_newspaper

    page = wordpress_newspaper(story)
    saved = (
        "Snapshot-Content-Location: https://echo.example/x\nContent-Type: multipart/related; boundary=b\n\n--b\n"
        f"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{page}\n--b--\n"
    )
    for article in (only("a.html", page.encode()), only("a.mhtml", saved.encode())):
        assert (article.title, article.text) == (story.title, story.text)


def test_short_hand_made_page_is_an_article() -> None:
    article = only("a.htm", b"<h1>Le march\xe9</h1><p>Le maire a ouvert le march\xe9.</p>")
    assert (article.title, article.text) == ("Le marché", "Le maire a ouvert le marché.")


def test_file_without_a_name_in_an_archive_is_passed_over() -> None:
    data = zipped({"nameless.txt": "Sans nom\n\nTexte.", "a.txt": "Un pont\n\nIl est ouvert."})
    (found,) = read_bytes("a.zip", data.replace(b"nameless.txt", b"\0ameless.txt"))  # a name ends at NUL
    assert isinstance(found, Article)
    assert found.title == "Un pont"
