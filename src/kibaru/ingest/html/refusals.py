"""Reject pages that are no articles: paywalled, cut off, error pages, lists of articles."""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from kibaru.errors import BadInput
from kibaru.ingest.html.metadata import ARTICLE_TYPES, LISTING_TYPES, PageMetadata

_TEASER = 900
"""Characters. A shorter text that breaks off (…, « Lire la suite ») is only the beginning of an article."""
_LONGEST_TITLE = 80
"""Characters of a first line that may stand for a missing title; a longer one is text."""
_MAX_PAID = 2_500
"""Characters. Paywalled sites show less; in a longer text the notice is about something else."""
_ERROR_PAGE = re.compile(
    r"\b(?:404|403|500|502|503)\b|page (?:non trouvée|introuvable|not found)|not found|introuvable|erreur|error|"
    r"access denied|accès (?:refusé|interdit)|forbidden|just a moment|attention required|are you a robot|"
    r"maintenance|service unavailable",
    re.I,
)
_FOR_SUBSCRIBERS = re.compile(
    r"(?:article|contenu|suite|lecture)[^.\n]{0,40}(?:réservée?s?|exclusifs?) (?:à nos|aux) (?:abonnés|membres)|"
    r"il vous reste [\d.,]+ ?%|pour lire la suite[^.\n]{0,40}(?:abonn|connect|identifi)|"
    r"(?:abonnez-vous|connectez-vous|identifiez-vous) pour (?:lire|continuer|accéder)|déjà abonné|"
    r"subscribe to (?:continue|read|unlock)|subscribers only|for subscribers|already a subscriber|"
    r"(?:log|sign) in to (?:continue|read)|conteúdo exclusivo para assinantes|للمشتركين فقط",
    re.I,
)
_BREAKS_OFF = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|lire la suite|read more|continue reading)\W*$", re.I)
_LISTING = re.compile(r"(?:^|\s)(?:home|archive|category|tag|author|search-results|blog|page-front)(?:$|\s)")


def reject_non_article(text: str, metadata: PageMetadata, listed: bool, tree: HtmlElement) -> None:
    """Check that a page is a whole article.

    Args:
        text: The extracted text.
        listed: What `is_listing` returned, before the tree was changed.
        tree: The whole page.

    Raises:
        BadInput: It is none, with the reason.
    """
    title = metadata.title or _first_line(text)
    if len(text) < _TEASER and (_ERROR_PAGE.search(title) or _ERROR_PAGE.search(tree.findtext(".//title") or "")):
        raise BadInput(f"it is an error page ({title[:60]})")
    if len(text) < _MAX_PAID and _has_paywall(text, tree):
        raise BadInput("it is paywalled: only its beginning is on the page")
    if listed:
        raise BadInput("it lists articles and is none itself")
    if len(text) < _TEASER and _BREAKS_OFF.search(text):
        raise BadInput("only the beginning of the article is on the page (paywalled, or cut off)")


def _first_line(text: str) -> str:
    """The first line if it is as short as a title, else ""."""
    line = text.split("\n", 1)[0]
    return line if len(line) <= _LONGEST_TITLE else ""


def _has_paywall(text: str, tree: HtmlElement) -> bool:
    """Whether a paywall box has text, or a notice for subscribers is near the end of the text (menus have some too)."""
    boxes = tree.xpath(
        "//body//*[contains(@class, 'paywall') or contains(@id, 'paywall') or contains(@class, 'poool')]"
    )
    if any(len("".join(box.itertext()).strip()) > 20 for box in boxes):
        return True
    shown = " ".join(" ".join(tree.xpath("//body//text()[not(parent::script or parent::style)]")).split())
    end = shown.rfind(text[-30:])
    return _FOR_SUBSCRIBERS.search(shown[max(0, end - 400) : end + 600] if end >= 0 else text) is not None


def is_listing(tree: HtmlElement, metadata: PageMetadata) -> bool:
    """Whether a page declares itself a list of articles, or consists of linked headings and declares no article."""
    if any(map(ARTICLE_TYPES.search, metadata.types)):
        return False
    names = (tree.find("body").get("class") or "") if tree.find("body") is not None else ""
    linked = tree.xpath("//*[self::h2 or self::h3 or self::h4][.//a or parent::a]")
    says_so = metadata.types & LISTING_TYPES or (_LISTING.search(names) and "single" not in names)
    if says_so and len(linked) > 3:
        return True
    at_root = bool(metadata.url) and urlsplit(metadata.url).path.strip("/") in (
        "",
        "index.html",
        "index.php",
        "fr",
        "en",
    )
    in_cards = among = 0
    for paragraph in tree.iter("p"):
        length = len("".join(paragraph.itertext()).strip())
        if length >= 60:
            among += length
            in_cards += length * _is_in_card(paragraph)
    return (at_root and len(linked) > 3) or (len(linked) > 3 and in_cards > 0.6 * among and among - in_cards < 500)


def _is_in_card(paragraph: HtmlElement) -> bool:
    """Whether a paragraph is the excerpt under a linked heading, in a box with little other text."""
    for box in islice(paragraph.iterancestors(), 3):
        if len("".join(box.itertext()).strip()) > 700:
            return False
        if box.xpath("boolean(.//*[self::h2 or self::h3 or self::h4][.//a or parent::a])"):
            return True
    return False
