"""Commands about articles: `kibaru add`, `list`, `show`, `remove` and `export`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kibaru.cli.opening import open_archive, open_store
from kibaru.cli.options import filter_options, filters_of, json_option
from kibaru.cli.paths import NamedPath
from kibaru.errors import KibaruError
from kibaru.terminal import json_line, tell, tell_styled

if TYPE_CHECKING:
    from kibaru.archive import Kibaru
    from kibaru.settings import Settings
    from kibaru.types import Outcome


@click.command()
@click.argument("paths", nargs=-1, required=True, type=NamedPath())
@click.pass_obj
def add(settings: Settings, paths: tuple[str, ...]) -> None:
    """Add articles: files, folders, zip archives of them, web pages, or - for standard input.

    Kinds of file: .txt, .md, .jsonl, .csv, .html, .mhtml, .pdf, .docx, .odt, .epub, .eml.

    An article with the URL or the id of one that is there replaces it.
    """
    from kibaru.sources.single_pages import read_inputs

    with open_archive(settings, create=True) as kibaru:
        failures = add_and_print(kibaru, read_inputs(settings, paths))
    if failures:
        sys.exit(2)


def add_and_print(kibaru: Kibaru, items: Iterable[Any]) -> int:
    """Add articles to an archive and print a line for each.

    Args:
        kibaru: The open archive.
        items: Articles, and failures of inputs that could not be parsed.

    Returns:
        How many inputs failed.

    Raises:
        KibaruError: Ctrl-C was pressed; the message says how much was added.
    """
    from kibaru.types import Failure

    counts = {"added": 0, "updated": 0, "unchanged": 0, "failed": 0}
    try:
        for outcome in kibaru.add(items):
            if isinstance(outcome, Failure):
                counts["failed"] += 1
                tell(f"kibaru: {outcome}", err=True)
            else:
                counts[outcome.change] += 1
                _print_outcome(outcome)
    except KeyboardInterrupt:
        raise KibaruError(
            f"Adding was stopped after {_summary(counts)}: what went in is kept; run it again to go on."
        ) from None
    tell(_summary(counts))
    return counts["failed"]


def _print_outcome(outcome: Outcome) -> None:
    tell(f"{outcome.change:9}  {outcome.article.id}  {outcome.article.title}")
    if outcome.alike:
        tell(f"           tells the same as {', '.join(outcome.alike)}")
    elif outcome.same_title:
        tell(
            f"kibaru: {outcome.same_title} has the same title; if this is its new version, "
            f"run 'kibaru remove {outcome.same_title}'",
            err=True,
        )


def _summary(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {change}" for change, count in counts.items() if count) or "0 added"


@click.command("list")
@filter_options
@json_option
@click.pass_obj
def list_(settings: Settings, since: str | None, until: str | None, language: str | None, as_json: bool) -> None:
    """List the articles, the newest first: id, date, language, title."""
    from kibaru.cli.rendering import article_json, article_line

    with open_store(settings) as store:
        for article in store.articles(filters_of(since, until, language)):
            tell_styled(json_line(article_json(article)) if as_json else article_line(article))


@click.command()
@click.argument("id")
@click.option("--editions", is_flag=True, help="Also print its earlier texts, the latest first.")
@json_option
@click.pass_obj
def show(settings: Settings, id: str, editions: bool, as_json: bool) -> None:
    """Print one article."""
    from kibaru.cli.rendering import article_text, edition_text
    from kibaru.storage.duplicates import links_of

    with open_archive(settings) as kibaru:
        article = kibaru.article(id)
        earlier = kibaru.store.editions(id) if editions else []
        alike = sorted(links_of(kibaru.store, [id]).get(id, ()))
    if as_json:
        record = asdict(article) | {"alike": alike}
        record |= {"editions": [asdict(edition) for edition in earlier]} if editions else {}
        tell(json_line(record))
    else:
        tell_styled("\n\n".join([article_text(article, alike), *map(edition_text, earlier)]))


@click.command()
@click.argument("ids", nargs=-1, required=True)
@click.pass_obj
def remove(settings: Settings, ids: tuple[str, ...]) -> None:
    """Remove articles by id."""
    with open_archive(settings) as kibaru:
        removed = {article.id: article for article in kibaru.remove(ids)}
    for article in removed.values():
        tell(f"removed    {article.id}  {article.title}")
    missing = [id for id in ids if id not in removed]
    for id in missing:
        tell(f"kibaru: there is no article {id}", err=True)
    if missing:
        sys.exit(1)


@click.command()
@click.pass_obj
def export(settings: Settings) -> None:
    """Print every article as a line of JSON, which 'kibaru add' takes back.

    This is no backup, as earlier editions, questions and sources are not in it: for that run 'kibaru backup'.
    """
    with open_store(settings) as store:
        for article in store.articles():
            tell(json_line(asdict(article)))
