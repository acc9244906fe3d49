"""Parse text, Markdown, JSON lines and CSV into the fields of articles."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.text.plurals import counted
from kibaru.types import Article

FIELDS = ("title", "text", "url", "published", "modified", "author", "outlet", "language", "id")
MAX_RECORD = 10_000_000
"""Characters in one line of JSON or one field of CSV."""


def article_from_text(content: str) -> Article:
    """Parse plain text: the first line is the title, the rest the body. A single line is a body without a title.

    Raises:
        BadInput: It is no article.
    """
    title, _, body = content.lstrip().partition("\n")
    return make_article(title=title, text=body) if body.strip() else make_article(text=title)


def article_from_markdown(content: str) -> Article:
    """Parse Markdown with optional YAML front matter; without a title there, the first `# ` heading is the title.

    Inline markup is dropped, so that quotes read as prose; headings keep their `##`.

    Raises:
        BadInput: The front matter is no YAML, or it is no article.
    """
    import frontmatter
    import yaml

    try:
        metadata, body = frontmatter.parse(content)
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise BadInput(f"its front matter is no YAML ({problem[:120]})") from error
    title, text = _plain_markdown(body)
    return article_from_record({"title": title, **metadata, "text": text})


def article_from_record(record: Any) -> Article:
    """Make an article of a record from JSON, YAML or CSV.

    Args:
        record: A mapping with FIELDS, of which `text` is required, and `pages`; other keys are ignored.

    Raises:
        BadInput: It is no such mapping, or a field makes no sense.
    """
    if not isinstance(record, dict):
        raise BadInput("it is no object with fields")
    if record.get("text") in (None, ""):
        raise BadInput("it has no 'text'")
    if not isinstance(record["text"], str):  # a number may be a title, but words are what is quoted
        raise BadInput("its field 'text' is no text")
    fields = {field: _field(record, field) for field in FIELDS}
    return make_article(**fields, pages=_pages(record.get("pages")))


def records_from_json_lines(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """Parse lines of JSON.

    Returns:
        Pairs of a line number and the parsed value, or the BadInput that says what is wrong with the line.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            if len(line) > MAX_RECORD:
                raise BadInput(f"it is longer than {MAX_RECORD:,} characters")
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            yield number, BadInput(f"it is not JSON ({error.msg} at column {error.colno})")
        except RecursionError:
            yield number, BadInput("it is not an article: JSON nested too deeply")
        except BadInput as error:
            yield number, error


def records_from_csv(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """Parse CSV. The first line names the columns, and its most frequent separator (comma, semicolon, tab) counts.

    Returns:
        Pairs of a line number and the row as a mapping, or the BadInput that says what is wrong with it.
    """
    csv.field_size_limit(MAX_RECORD)
    lines = iter(lines)
    header = next(lines, "").lstrip("\ufeff")
    delimiter = max(",;\t", key=header.count)
    try:
        columns = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error as error:
        yield 1, BadInput(f"it is not CSV ({error})")
        return
    if "text" not in columns:
        yield 1, BadInput(f"its first line must name the columns ({', '.join(FIELDS)}), 'text' among them")
        return
    reader = csv.reader(lines, delimiter=delimiter, strict=False)
    started = 2
    try:
        for row in reader:
            if any(row):
                wrong = len(row) != len(columns)
                problem = BadInput(f"it has {counted(len(row), 'field')} where the first line names {len(columns)}")
                yield started, problem if wrong else dict(zip(columns, row, strict=True))
            started = reader.line_num + 2
    except csv.Error as error:
        yield started, BadInput(f"it is not CSV ({error})")


def _field(record: dict[Any, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if isinstance(value, date):  # YAML and TOML parse dates themselves
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    raise BadInput(f"its field {name!r} is no text")


def _pages(value: Any) -> list[int]:
    if value is None or (isinstance(value, list | tuple) and all(isinstance(at, int) and at >= 0 for at in value)):
        return list(value or ())
    raise BadInput("its field 'pages' is no list of numbers: where in the text each page starts")


def _plain_markdown(body: str) -> tuple[str, str]:
    """The first top heading as title, and the rest as paragraphs, headings (`## `) and list items (`- `)."""
    from markdown_it import MarkdownIt

    title, blocks, prefix = "", list[str](), ""
    for token in MarkdownIt("commonmark").enable("table").parse(body):
        if token.type == "heading_open":
            prefix = "# " if token.tag == "h1" else "## "
        elif token.type == "list_item_open":
            prefix = "- "
        elif token.type == "inline":
            text = "".join(_plain_inline(child) for child in token.children or []).strip()
            if prefix == "# " and not title and not blocks:
                title = text
            elif text:
                blocks.append(("## " if prefix == "# " else prefix) + text)
            prefix = ""
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content.strip())
    return title, "\n\n".join(blocks)


def _plain_inline(token: Any) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " " if token.type == "softbreak" else "\n"
    return str(token.content) if token.type in ("text", "code_inline", "text_special", "image") else ""
