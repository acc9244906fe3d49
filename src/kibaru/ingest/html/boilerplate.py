"""Remove boilerplate from a page: menus, share buttons, advertisements, notices, links to other articles."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from kibaru.ingest.html.structured_data import normalized_text
from kibaru.ingest.html.tree import BLOCKS

_TAGS = (
    "script", "style", "noscript", "template", "nav", "aside", "iframe", "button", "select", "svg", "object", "embed",
    "input", "textarea", "video", "audio", "figcaption", "dialog", "amp-sidebar", "amp-consent", "amp-ad", "amp-embed",
    "amp-img", "img", "picture", "map",
)  # fmt: skip
_ROLES = frozenset(
    [
        "navigation",
        "dialog",
        "alertdialog",
        "banner",
        "contentinfo",
        "complementary",
        "search",
        "menu",
        "toolbar",
        "tablist",
    ]
)
_NAMES = re.compile(
    r"(?:^|[\s_-]|(?<=[a-z])(?=[A-Z]))(?:"
    r"shar(?:e|ing|edaddy)\w*|addtoany|social\w*|partag\w*|related\w*|similaires?|jp-relatedposts|outbrain|taboola|"
    r"read-?(?:more|next|also)|more-(?:from|on|stories)|a-lire|lire-aussi|most-?(?:read|viewed|popular)|popular\w*|"
    r"plus-lus|recommend\w*|trending|newsletter\w*|subscri\w*|abonne\w*|sign-?up|opt-?in|promo\w*|self-promo|"
    r"cookie\w*|consent\w*|gdpr|rgpd|cmp|didomi\w*|cky|onetrust\w*|tarteaucitron\w*|"
    r"axeptio\w*|usercentrics\w*|"
    r"discussions?|avis|comments?|comment-list|commentaires?|disqus\w*|respond|"
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
"""Class names that say what an element has, or which page builder made it (Elementor: every paragraph a widget)."""

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_KEPT = frozenset({"html", "body", "main"})

_ALSO = re.compile(
    r"^[^\w«“]*(?:(?:à|a) (?:lire|voir|écouter|découvrir|relire)(?:\s*[:|>→►»]|$|\s+(?:aussi|également|"
    r"ensuite|encore)\b)|"
    r"(?:re)?lire (?:aussi|également|la suite|notre|plus|encore)|voir (?:aussi|également)|lisez (?:aussi|également)|"
    r"sur le même (?:sujet|thème)|dans la même rubrique|articles? (?:similaires?|liés?|connexes?|recommandés?)|"
    r"ne (?:ratez|manquez) pas\s*(?:[:|>→►]|$)|vous aimerez (?:aussi|peut-être)|"
    r"read (?:also|more|next|:)|also read|see also|more on this|related(?: (?:stories|articles|topics|posts))?\s*:?$|"
    r"recommended (?:stories|reading)|leia (?:também|mais)|veja (?:também|mais)|اقرأ (?:أيضا|أيضًا|المزيد)|"
    r"les plus lus$|most read$)",
    re.I,
)
_LABEL = re.compile(
    r"^\W*(?:publicit[ée]|pub|annonces?|advertisement|sponsored|publicidade|إعلان|"
    r"partag\w+(?: (?:cet article|sur(?: \w+)?))?|share(?: this)?(?: article)?|tags?|"
    r"mots[ -]cl[ée]s?|étiquettes?|imprimer|print|commentaires?|comments?|réagir|"
    r"(?:haut|retour en haut) de page|copier le lien|copy link|enregistrer|écouter(?: l.article)?|"
    r"facebook|twitter|whatsapp|telegram|linkedin|e-?mail|la rédaction|article suivant|article précédent|"
    r"\d{1,2}\s*[hH:]\s*\d{0,2})\W*$",
    re.I,
)
_NOTICE = re.compile(
    r"^[^\w«“]*(?:(?:crédits?|légende|credit|caption)(?: ?(?:photo|image)s?)?\s*[:,/©(]|"
    r"(?:photos?|images?|illustration|visuel|source photo|ph)(?: d['’]archives?)?\s*[:/©(]|©|\(c\)|copyright|"
    r"(?:publié|posté|mis à jour|mise à jour|modifié|published|posted|"
    r"updated|last updated|publicado|atualizado) (?:le|on|il y a|ce|à|em|at|\d)|temps de lecture|lecture\s*:|"
    r"\d+ (?:minutes?|min) (?:de lecture|read)|(?:abonnez|inscrivez|rejoignez|suivez|téléchargez|cliquez|recevez|"
    r"connectez)-(?:vous|nous)\b|(?:rejoignez|suivez|recevez|téléchargez) (?:notre|nos|nous|toute|l['’]appli|"
    r"gratuitement)|"
    r"subscribe to|sign up (?:for|to)|follow us|join our|download (?:our|the) app|siga-nos|subscreva|"
    r"tous droits réservés|(?:se connecter|connectez-vous|log in|sign in) (?:ou|or|pour|to)\b|"
    r"(?:laisser|poster|publier) un commentaire|all rights reserved|votre adresse e-?mail|"
    r"nous utilisons des cookies|we use cookies)",
    re.I,
)
_CAPTION = re.compile(r"(?:©[\w\s./-]{0,40}|\((?:photos?|ph|crédits?|dr|image)\b[^)]{0,60}\)|\bDR)\W*$", re.I)
_ACCEPT = re.compile(
    r"accepter|j['’]accepte|refuser|paramétrer|accept(?: all)?(?: cookies)?$|i agree|reject all|"
    r"manage (?:choices|options)|aceitar|موافق",
    re.I,
)
_ABOUT_COOKIES = re.compile(r"cookies?\b|traceurs|vie privée|consent|privacy|données personnelles|ملفات تعريف", re.I)
_MAX_BANNER = 6_000  # characters: consent texts name purposes and partners
_READERS_TURN = re.compile(
    r"^\W*(?:\(?\d+\)?\s*)?(?:(?:vos |les )?(?:commentaires?|réactions?|avis)|comments?|discussion|responses?|"
    r"comentários|"
    r"(?:laisser|poster|écrire|ajouter) un commentaire|leave a (?:reply|comment)|التعليقات)\b[^.!?]{0,40}$",
    re.I,
)
"""Headings above readers' comments."""

_MAX_NOTICE = 220
_LINKED_HEADINGS = ".//*[self::h2 or self::h3 or self::h4 or self::h5][.//a[not(starts-with(@href, '#'))] or parent::a]"
_MAX_NAME = 1_000
_CARD = 500  # characters of a heading and an excerpt
_LONG_PARAGRAPH = 300  # characters; captions, credits and bylines are shorter


def strip_boilerplate(tree: HtmlElement) -> None:
    """Remove from the tree what its tags, roles, class names or links show to be boilerplate."""
    _strip_consent(tree)
    for tag in _TAGS:
        for element in list(tree.iter(tag)):
            drop(element)
    for heading in list(tree.iter("h2", "h3", "h4", "h5")):
        if _READERS_TURN.match(normalized_text(heading)):
            _drop_from(heading)
    total = max(1, length_of(tree))
    for element in list(tree.iter()):
        if isinstance(element.tag, str) and element.tag not in _KEPT and _is_boilerplate(element, total):
            drop(element)
    for heading in list(tree.xpath(f"/{_LINKED_HEADINGS[1:]}")):
        drop(_card(heading))
    for element in list(tree.iter(*BLOCKS)):
        if element.tag not in ("body", "main", "article", "tr", "tbody", "table") and _is_links(element):
            drop(element)


def is_boilerplate_line(line: str) -> bool:
    """Whether a line is boilerplate: a link to other articles, a label, a credit or a notice."""
    if _LABEL.match(line):
        return True
    return len(line) <= _MAX_NOTICE and any(f(line) for f in (_ALSO.match, _NOTICE.match, _CAPTION.search))


def _strip_consent(tree: HtmlElement) -> None:
    """Remove the boxes around buttons that accept cookies."""
    for button in list(tree.iter("button", "a", "input")):
        if not _ACCEPT.search(normalized_text(button) or button.get("value", "")):
            continue
        box = None
        for element in button.iterancestors():
            if element.tag in _KEPT or length_of(element) > _MAX_BANNER or element.find(".//h1") is not None:
                break
            box = element
        if box is not None and _ABOUT_COOKIES.search(normalized_text(box)):
            drop(box)


def _drop_from(heading: HtmlElement) -> None:
    """Remove a heading and what follows it; and its box, where the heading comes first in it."""
    element = heading
    while (
        (parent := element.getparent()) is not None
        and parent.tag not in _KEPT
        and element.getprevious() is None
        and not (parent.text or "").strip()
    ):
        element = parent
    for sibling in [] if element is not heading else list(heading.itersiblings()):
        drop(sibling)
    drop(element)


def _is_boilerplate(element: HtmlElement, total: int) -> bool:
    if element.getparent() is None:
        return False
    if element.get("hidden") is not None or _HIDDEN.search(element.get("style", "")):
        return length_of(element) < 0.6 * total  # a page that scripts uncover hides more
    if element.get("role") in _ROLES or element.get("aria-hidden") == "true" or element.tag in ("header", "footer"):
        named = True
    else:
        name = _NOT_NAMES.sub(" ", f"{element.get('class', '')[:_MAX_NAME]} {element.get('id', '')[:_MAX_NAME]}")
        named = bool(name.strip()) and _NAMES.search(name) is not None
    return named and not _holds_the_article(element, total)


def _holds_the_article(element: HtmlElement, total: int) -> bool:
    """Whether an element holds the title or most of the paragraphs: then its name misleads, and it stays."""
    if element.tag in ("p", "h1", "li"):
        return element.tag == "h1" or (element.tag == "p" and length_of(element) > _LONG_PARAGRAPH)
    if element.xpath("boolean(.//*[@itemprop='articleBody'])"):
        return True
    paragraphs = sum(length_of(p) for p in element.iter("p") if p.find("a") is None)
    return paragraphs > total / 2 or (paragraphs > total / 4 and element.find(".//h1") is not None)


def _card(heading: HtmlElement) -> HtmlElement:
    """The box of a linked heading and its excerpt: the largest with this linked heading alone and little text.

    An anchor's heading, whose link leads to itself, is no link; `_is_links` judges headings that are in no box.
    """
    card = heading
    for box in heading.iterancestors():
        if box.tag in _KEPT or length_of(box) > _CARD or len(box.xpath(_LINKED_HEADINGS)) > 1:
            break
        card = box
    return card


def _is_links(element: HtmlElement) -> bool:
    """Whether a block is mostly links, or a label such as "Read also" with links."""
    linked = sum(length_of(link) for link in element.iter("a") if not link.get("href", "").startswith("#"))
    length = length_of(element)
    if not linked or not length:
        return False
    return linked > 0.8 * length or (linked > 0.3 * length and _ALSO.match(normalized_text(element)) is not None)


def length_of(element: HtmlElement) -> int:
    """Number of characters of the element's text."""
    return len(normalized_text(element))


def drop(element: HtmlElement) -> None:
    """Remove an element unless it is removed already; the text after it stays."""
    if element.getparent() is not None:
        element.drop_tree()
