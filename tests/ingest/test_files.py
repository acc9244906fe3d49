"""Files to articles, and what is said of those that cannot be read."""

import io
import json
from pathlib import Path

import pytest

from kibaru.ingest.files import MAX_FILE, read_articles, read_bytes
from kibaru.types import Article, Failure

TEXT = "Le marché a rouvert à Ségou. Les « dames du riz » l’attendaient… depuis l’été."


def read(path: Path) -> list[Article | Failure]:
    return list(read_articles([path]))


def only(path: Path) -> Article:
    (article,) = read(path)
    assert isinstance(article, Article), article
    return article


def failure(path: Path) -> str:
    (result,) = read(path)
    assert isinstance(result, Failure), result
    return str(result)


def test_first_line_of_plain_text_is_the_title(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"Le marché de Ségou\n{TEXT}\n")
    assert (only(path).title, only(path).text) == ("Le marché de Ségou", TEXT)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "mac_roman"])
def test_encoding_is_detected(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(f"Le marché de Ségou\n{TEXT}".encode(encoding))
    assert only(path).text == TEXT


def test_markdown_front_matter_gives_the_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        "---\ntitle: Le marché\nurl: https://journal.example/m\npublished: 2025-11-12\nauthor: [Awa, Issa]\nid: m-1\n"
        "language: fr\nrubrique: économie\n---\n"
        "Un **premier** [lien](https://x.example) et\nla suite.\n\n## Prix\n\n- riz\n"
    )
    article = only(path)
    assert article.text == "Un premier lien et la suite.\n\n## Prix\n\n- riz"
    assert (article.id, article.title, article.published) == ("m-1", "Le marché", "2025-11-12")
    assert (article.url, article.author, article.language) == ("https://journal.example/m", "Awa, Issa", "fr")


def test_markdown_without_front_matter_is_titled_by_its_first_heading(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"# Le marché\n\n{TEXT}")
    assert (only(path).title, only(path).text) == ("Le marché", TEXT)


def test_bad_json_lines_are_named_and_the_good_ones_go_in(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [json.dumps({"text": TEXT, "title": "Un"}), "{nope", json.dumps({"title": "sans texte"}), "[1]", "",
            json.dumps({"text": TEXT, "title": {}}), "[" * 100_000, json.dumps({"text": TEXT, "published": "??"}),
            json.dumps({"text": TEXT, "title": "Deux", "published": "2025-01-02"})]  # fmt: skip
    path.write_text("\n".join(rows))
    results = read(path)
    assert [r.title for r in results if isinstance(r, Article)] == ["Un", "Deux"]
    problems = [str(r) for r in results if isinstance(r, Failure)]
    assert [p.split(": ")[0].split(", ")[1] for p in problems] == [f"line {n}" for n in (2, 3, 4, 6, 7, 8)]
    assert "not JSON" in problems[0]
    assert "no 'text'" in problems[1]


@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8-sig"), (";", "cp1252"), ("\t", "utf-16")])
def test_csv_of_any_separator_and_encoding(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    rows = [["Title", "text", "url"], ["Été", f'"{TEXT}\nSuite."', "https://journal.example/1"], ["Seul", "Court."]]
    path.write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    first, second = read(path)
    assert isinstance(first, Article)
    assert (first.title, first.text, first.url) == ("Été", f"{TEXT}\nSuite.", "https://journal.example/1")
    assert isinstance(second, Failure)
    assert second.where.endswith("line 4")


def test_csv_without_a_text_column_says_so(tmp_path: Path) -> None:
    (path := tmp_path / "a.csv").write_text("titre,corps\nUn,deux\n")
    assert "must name the columns" in failure(path)


def test_csv_with_the_line_ends_of_old_macs_says_so(tmp_path: Path) -> None:
    (path := tmp_path / "a.csv").write_bytes(b"title,text\rUn,deux\r")
    assert "it is not CSV" in failure(path)


def test_folder_is_read_by_name_without_hidden_and_foreign_files(tmp_path: Path) -> None:
    for name in ("b/2.txt", "a.txt", ".hidden.txt", ".git/x.txt", "photo.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name}\n{TEXT}")
    assert [r.title for r in read(tmp_path) if isinstance(r, Article)] == ["a.txt", "b/2.txt"]


def test_standard_input_is_read_as_text_or_json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    for data, title in ((f"Titre\n{TEXT}", "Titre"), (json.dumps({"title": "J", "text": TEXT}), "J")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data.encode())))
        (article,) = read_articles(["-"])
        assert isinstance(article, Article)
        assert article.title == title


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.jsonl", b'{"text": 5}', "line 1: its field 'text' is no text"),
        ("a.jsonl", b'{"text": true}', "line 1: its field 'text' is no text"),
        ("a.jsonl", b'{"text": ["Un.", "Deux."]}', "line 1: its field 'text' is no text"),
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t ", "empty"),
        ("a.jsonl", b"", "empty"),
        ("a.txt", bytes(range(256)) * 50, "binary"),
        ("a.jsonl", b"\0\1\2" * 100, "binary"),
        ("a.md", b"---\ntitle: [\n---\nx", "front matter"),
        ("a.md", b"---\ntitle: x\n---\n", "no 'text'"),
        ("a.md", b"---\npages: one\n---\nx", "its field 'pages'"),
        ("a.eml", b"no header", "no e-mail"),
        ("a.eml", b"Subject: x\n\n \n", "the message is empty"),
        ("a.eml", b"X: " + b"x" * 3_000_000 + b"\n\nx", "headers have more than"),
        ("a.eml", b"A: b\n\n" + b"\nContent-Type: a/b" * 100_000, "parts"),
        ("a.mhtml", b"Subject: x\n\nplain", "no page in it"),
        ("a.pdf", b"%PDF", "no PDF"),
        ("a.exe", b"MZ", "files of this kind"),
        ("a.txt", b"x" * (MAX_FILE + 1), "larger than"),
        ("a.txt", b"\xff\xfe\x00", "damaged"),
    ],
)
def test_unusable_file_is_explained(name: str, data: bytes, why: str) -> None:
    (result,) = read_bytes(name, data)
    assert isinstance(result, Failure)
    assert result.where.removesuffix(", line 1") == name
    assert why in str(result)
    assert "\n" not in result.why


def test_missing_and_empty_places_are_explained(tmp_path: Path) -> None:
    assert "no such file" in failure(tmp_path / "nothing.txt")
    (tmp_path / "empty").mkdir()
    assert "no article in this folder" in failure(tmp_path / "empty")
    assert "no ordinary file" in failure(Path("/dev/null"))
