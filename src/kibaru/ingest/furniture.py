"""What stands around and between the paragraphs of an article on a page, and is no part of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement, document_fromstring

from kibaru.ingest.html_tree import BLOCKS

_TAGS = (
    "script", "style", "noscript", "template", "nav", "aside", "iframe", "button", "select", "svg", "object", "embed",
    "input", "textarea", "video", "audio", "figcaption", "dialog", "amp-sidebar", "amp-consent", "amp-ad", "amp-embed",
    "amp-img", "ins", "img", "picture", "map",
)  # fmt: skip
_ROLES = frozenset("navigation dialog alertdialog banner contentinfo complementary search menu toolbar tablist".split())
_NAMES = re.compile(
    r"(?:^|[\s_-]|(?<=[a-z])(?=[A-Z]))(?:"
    r"shar(?:e|ing|edaddy)\w*|addtoany|social\w*|partag\w*|related\w*|similaires?|jp-relatedposts|outbrain|taboola|"
    r"read-?(?:more|next|also)|more-(?:from|on|stories)|a-lire|lire-aussi|most-?(?:read|viewed|popular)|popular\w*|"
    r"plus-lus|recommend\w*|trending|newsletter\w*|subscri\w*|abonne\w*|sign-?up|opt-?in|promo\w*|self-promo|"
    r"cookie\w*|consent\w*|gdpr|rgpd|cmp|didomi\w*|cky|comments?|comment-list|commentaires?|disqus\w*|respond|"
    r"reactions?|breadcrumbs?|fil-ariane|hierarchie|crumbs|menu|navbar|navigation|footer|pied|sidebar|widget\w*|"
    r"advert\w*|ads?|adsbygoogle|ad-slot|publicit[ey]\w*|pub|sponsor\w*|banner|stream-item|captions?|caption-text|legende|"
    r"credits?|photo-?credit|tags?|tag-list|keywords|mots-cles|author-?box\w*|about-author|author-bio|author-description|"
    r"bio|post-navigation|nav-links|pagenav|pager|pagination|prev-next|next-prev|post-views|reading-time|skip-link|"
    r"print|toolbar|icons|sondage|poll|ticker|breaking|meta|metas|byline|infos?|article-info|submitted|dateline|date|"
    r"pullquote|twitter-tweet|instagram-media|fb-post|embed|login|search|copyright|mentions?|app"
    r")(?=$|[\s_-]|(?<=[a-z])(?=[A-Z]))"
)
_NOT_NAMES = re.compile(
    r"\b(?:(?:has|no|with|without|single|is|type|status|format|category|tag|not|elementor|wp-block-group|vc|fl)-[\w-]+"
    r"|et_pb_(?!social|comment|sidebar|post_nav)\w+)",
    re.I,
)
"""Names of what an element has or of the builder that made it (Elementor calls every paragraph a widget)."""

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_KEPT = frozenset({"html", "body", "main"})

_ALSO = re.compile(
    r"^[\W_]*(?:(?:à|a) (?:lire|voir|écouter|découvrir|relire)|(?:re)?lire (?:aussi|également|la suite|notre|plus|encore)|"
    r"voir (?:aussi|également)|lisez (?:aussi|également)|sur le même (?:sujet|thème)|dans la même rubrique|"
    r"articles? (?:similaires?|liés?|connexes?|recommandés?)|ne ratez pas|ne manquez pas|"
    r"read (?:also|more|next|:)|also read|see also|more on this|related(?: (?:stories|articles|topics|posts))?\s*:?$|"
    r"recommended (?:stories|reading)|leia (?:também|mais)|veja (?:também|mais)|اقرأ (?:أيضا|أيضًا|المزيد)|"
    r"les plus lus|most read)\b",
    re.I,
)
_LABEL = re.compile(
    r"^\W*(?:publicit[ée]|pub|annonces?|advertisement|sponsored|publicidade|إعلان|partag\w+(?: (?:cet article|sur))?|share"
    r"(?: this)?(?: article)?|tags?|mots[ -]cl[ée]s?|étiquettes?|imprimer|print|commentaires?|comments?|réagir|"
    r"(?:haut|retour en haut) de page|copier le lien|copy link|enregistrer|écouter(?: l.article)?|"
    r"facebook|twitter|whatsapp|telegram|linkedin|e-?mail|la rédaction|article suivant|article précédent)\W*$",
    re.I,
)
_NOTICE = re.compile(
    r"^\W*(?:(?:crédits?|légende|photos?|image|illustration|visuel|source photo|credit|caption|ph)(?: ?(?:photo|image)s?)?"
    r"(?: d['’]archives?)?\s*[:,/©(]|©|\(c\)|copyright|(?:publié|posté|mis à jour|mise à jour|modifié|published|posted|"
    r"updated|last updated|publicado|atualizado) (?:le|on|il y a|ce|à|em|at|\d)|temps de lecture|lecture\s*:|"
    r"\d+ (?:minutes?|min) (?:de lecture|read)|(?:abonnez|inscrivez|rejoignez|suivez|téléchargez|cliquez|recevez|"
    r"connectez)-(?:vous|nous)\b|(?:rejoignez|suivez|recevez|téléchargez) (?:notre|nos|nous|toute|l['’]appli|gratuitement)|"
    r"subscribe to|sign up (?:for|to)|follow us|join our|download (?:our|the) app|siga-nos|subscreva|"
    r"tous droits réservés|(?:se connecter|connectez-vous|log in|sign in) (?:ou|or|pour|to)\b|(?:laisser|poster|publier) un commentaire|all rights reserved|votre adresse e-?mail|nous utilisons des cookies|we use cookies)",
    re.I,
)
_MAX_NOTICE = 220
_ENDS = re.compile(r"[.!?…»”\"؟)]$")
_LINKED_HEADINGS = (
    ".//*[self::h2 or self::h3 or self::h4 or self::h5][.//a[not(starts-with(@href, '#'))] or parent::a]"
)
_CARD = 500  # characters of a heading and an excerpt
_LONG_PARAGRAPH = 300  # characters; captions, credits and bylines are shorter
_RUNNING_TEXT = 50  # characters of a block that is more than a label


def strip_furniture(tree: HtmlElement) -> None:
    """Remove from the tree what its tags, roles, names or links show to be no text of the article."""
    for tag in _TAGS:
        for element in list(tree.iter(tag)):
            _drop(element)
    total = max(1, _length(tree))
    for element in list(tree.iter()):
        if isinstance(element.tag, str) and element.tag not in _KEPT and _is_furniture(element, total):
            _drop(element)
    for heading in list(tree.xpath(f"/{_LINKED_HEADINGS[1:]}")):
        _drop(_card(heading))
    for element in list(tree.iter(*BLOCKS)):
        if element.tag not in ("body", "main", "article", "tr", "tbody", "table") and _is_links(element):
            _drop(element)


def strip_title(tree: HtmlElement, title: str) -> None:
    """Remove the title, which is kept apart from the text, wherever it is a block of its own, and what stands before
    the heading that it is: never much of a page, unless its heading comes last."""
    heading = next((h for tag in ("h1", "h2", "h3") for h in tree.iter(tag) if title and _text(h) == title), None)
    if heading is not None:
        before = [sibling for element in (heading, *heading.iterancestors()) for sibling in element.itersiblings(preceding=True)]
        if sum(map(_length, before)) < 0.3 * _length(tree):
            for element in before:
                if element.tag != "head":
                    _drop(element)
    for element in list(tree.iter("h1", "h2", "h3", "p", "div", "b", "font", "strong")):
        if title and _text(element) == title:
            _drop(element)


def strip_other_articles(tree: HtmlElement, title: str) -> None:
    """Remove the articles that pages of endless scrolling append: those with a main heading of their own."""
    articles = [article for article in tree.iter("article") if article.find(".//h1") is not None]
    ours = next((a for a in articles if any(_text(heading) == title for heading in a.iter("h1"))), None)
    for article in articles:
        if ours is not None and article is not ours and article not in ours.iterancestors():
            _drop(article)


def narrowest(tree: HtmlElement) -> HtmlElement:
    """A page of nothing but the smallest element with most of the running text (85 %)."""
    weights: dict[HtmlElement, int] = {}
    for block in running_text(tree):
        for element in (block, *block.iterancestors()):
            weights[element] = weights.get(element, 0) + _length(block)
    chosen = tree
    while True:
        inner = max(chosen, key=lambda child: weights.get(child, 0), default=None)
        if inner is None or inner.tag == "p" or weights.get(inner, 0) < 0.85 * weights.get(tree, 1):
            break
        chosen = inner
    page = document_fromstring("<html><body><article></article></body></html>")
    article = page.find(".//article")
    if chosen.tag in ("html", "body"):
        return tree
    article.append(chosen)
    return page


def running_text(tree: HtmlElement) -> Iterator[HtmlElement]:
    """The innermost blocks that hold sentences."""
    for block in tree.iter(*BLOCKS):
        if block.tag != "li" and not any(part.tag in BLOCKS for part in block.iterdescendants()):
            length = _length(block)
            linked = sum(_length(link) for link in block.iter("a"))
            if length >= _RUNNING_TEXT and linked < 0.3 * length and _ENDS.search(_text(block)):
                yield block


def is_furniture_line(line: str) -> bool:
    """Whether a paragraph of text is a link to other articles, a label, a credit or a notice."""
    return (
        _LABEL.match(line) is not None
        or len(line) <= _MAX_NOTICE
        and (_ALSO.match(line) is not None or _NOTICE.match(line) is not None)
    )


def _is_furniture(element: HtmlElement, total: int) -> bool:
    if element.getparent() is None:
        return False
    if element.get("hidden") is not None or _HIDDEN.search(element.get("style", "")):
        return _length(element) < 0.6 * total  # a page that scripts uncover hides more
    if element.get("role") in _ROLES or element.get("aria-hidden") == "true" or element.tag in ("header", "footer"):
        named = True
    else:
        name = _NOT_NAMES.sub(" ", f"{element.get('class', '')} {element.get('id', '')}")
        named = bool(name.strip()) and _NAMES.search(name) is not None
    return named and not _holds_the_article(element, total)


def _holds_the_article(element: HtmlElement, total: int) -> bool:
    """A wrapper with a misleading name still has the title in it, or most of the paragraphs."""
    if element.tag in ("p", "h1", "li"):
        return element.tag == "h1" or (element.tag == "p" and _length(element) > _LONG_PARAGRAPH)
    if element.xpath("boolean(.//*[@itemprop='articleBody'])"):
        return True
    paragraphs = sum(_length(p) for p in element.iter("p") if p.find("a") is None)
    return paragraphs > total / 2 or (paragraphs > total / 4 and element.find(".//h1") is not None)


def _card(heading: HtmlElement) -> HtmlElement:
    """The box around a linked heading with its excerpt: what holds this one linked heading and little else.

    An anchor's heading, whose link leads to itself, is no link; `_is_links` judges headings that are in no box.
    """
    card = heading
    for box in heading.iterancestors():
        if box.tag in _KEPT or _length(box) > _CARD or len(box.xpath(_LINKED_HEADINGS)) > 1:
            break
        card = box
    return card


def _is_links(element: HtmlElement) -> bool:
    """Whether a block is nothing but links, or a label with links behind it."""
    linked = sum(_length(link) for link in element.iter("a") if not link.get("href", "").startswith("#"))
    length = _length(element)
    if not linked or not length:
        return False
    return linked > 0.8 * length or (linked > 0.3 * length and _ALSO.match(_text(element)) is not None)


def _length(element: HtmlElement) -> int:
    return len(_text(element))


def _text(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())


def _drop(element: HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()
