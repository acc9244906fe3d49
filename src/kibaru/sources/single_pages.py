"""Fetch single web pages, and read the articles of files and pages named on a command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from kibaru.errors import BadInput, KibaruError
from kibaru.ingest.article import make_article
from kibaru.ingest.files import read_articles
from kibaru.ingest.html.extraction import extract_article
from kibaru.settings import Settings
from kibaru.sources.http.addresses import is_same_site
from kibaru.sources.http.client import HttpClient
from kibaru.sources.http.responses import Response
from kibaru.types import Article, Failure

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
_PAGES = ("", "text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain")


def is_web_address(path: str | Path) -> bool:
    """Whether an argument is a URL and not a path."""
    return str(path).lower().startswith(("http://", "https://"))


def read_inputs(settings: Settings, inputs: Iterable[str]) -> Iterator[Article | Failure]:
    """The articles in files, folders and standard input, as `kibaru.ingest.read_articles` has them, and on web pages.

    Args:
        inputs: Paths, `-` for standard input, and URLs.

    Returns:
        The articles in the order of the inputs, with a Failure for what cannot be fetched or read.
    """
    with HttpClient(settings) as client:
        for on_the_web, group in groupby(inputs, is_web_address):
            if on_the_web:
                yield from (read_address(client, url) for url in group)
            else:
                yield from read_articles(group)


def read_address(client: HttpClient, url: str) -> Article | Failure:
    """The article at `url`, or why there is none."""
    try:
        response = client.get(url, accept=ACCEPT)
        if response.is_gone:
            raise BadInput(f"the site has no such page ({response.status})")
        return article_on(response)
    except KibaruError as error:
        return Failure(url, str(error))


def article_on(response: Response) -> Article:
    """The article on a page that was fetched.

    Raises:
        BadInput: There is none on it.
    """
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _PAGES:
        raise BadInput(f"it is no page but {kind[:60]}: download it and add the file")
    article = extract_article(response.body, url=response.url, charset=response.charset)
    if article.url and is_same_site(article.url, response.url):
        return article
    return make_article(  # a page may not pass for one of another site: it would take that article's place
        title=article.title,
        text=article.text,
        url=response.url,
        published=article.published or "",
        modified=article.modified or "",
        author=article.author or "",
        language=article.language or "",
        outlet=article.outlet or "",
    )
