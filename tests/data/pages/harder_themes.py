"""Themes that mislead: paragraphs called widgets, a second article below the first, the text twice, longer comments."""

from __future__ import annotations

import json
from html import escape

from data.pages.parts import (
    TEASERS,
    blocks,
    comments,
    cookies,
    footer,
    french_date,
    menu,
    newsletter,
    share,
    slashed,
    teasers,
)
from data.pages.stories import Story


def elementor(story: Story) -> str:
    """Elementor: each paragraph in a widget of its own, no article element, the date in an icon list."""
    widget = (
        '<div class="elementor-element elementor-widget elementor-widget-text-editor" data-widget_type="text-editor.default">'
        '<div class="elementor-widget-container"><p>{}</p></div></div>'
    )
    return f"""<!DOCTYPE html><html lang="fr-FR"><head><meta charset="UTF-8"><title>{
        escape(story.title)
    } - Info Plateau</title>
<meta property="og:type" content="article"><meta property="og:title" content="{escape(story.title)} - Info Plateau">
</head><body class="post-template-default single single-post elementor-default elementor-page">
<div class="elementor elementor-location-header">{menu("nav")}</div>
<div class="elementor elementor-location-single post-1234 post status-publish category-societe tag-eau">
<section class="elementor-section"><div class="elementor-widget-theme-post-title"><h1 class="elementor-heading-title">
{escape(story.title)}</h1></div><ul class="elementor-icon-list-items elementor-post-info">
<li itemprop="author"><a><span class="elementor-post-info__item--type-author">{story.author}</span></a></li>
<li itemprop="datePublished"><span class="elementor-post-info__item--type-date">{
        french_date(story.published)
    }</span></li></ul>
<div class="elementor-share-buttons">{share("elementor-share-btn")}</div>
{blocks(story, paragraph=widget)}</section>
<section class="elementor-section"><h3>Vous aimerez aussi</h3><div class="elementor-posts-container">
{
        "".join(
            f'<article class="elementor-post"><h3><a href="/p">{t}</a></h3><div class="elementor-post__excerpt"><p>Le conseil des '
            f"ministres a examiné hier ce dossier, qui occupe les esprits depuis la rentrée.</p></div></article>"
            for t in TEASERS
        )
    }
</div></section></div><div class="elementor-location-footer">{footer("Info Plateau")}</div>{
        cookies("moove_gdpr")
    }</body></html>"""


def endless(story: Story) -> str:
    """Endless scrolling: the next article follows in full, with its own h1, date and JSON-LD."""
    ld = [
        {"@type": "NewsArticle", "headline": story.title, "datePublished": story.published, "author": story.author},
        {"@type": "NewsArticle", "headline": TEASERS[0], "datePublished": "2025-12-30", "author": "Autre Plume"},
    ]
    other = "".join(
        f"<p>{t}. Les autorités de la région ont tenu une réunion sur ce point, sans communiqué final.</p>"
        for t in TEASERS
    )
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(thing)}</script>' for thing in ld)
    return f"""<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>{escape(story.title)} • Le Défilé</title>{scripts}
</head><body><div id="app"><div class="ticker"><article><time datetime="2025-12-31">31/12</time> <a>{TEASERS[1]}</a></article>
</div><header class="Header_root__x8">{menu("div", "a")}</header>
<article class="Story_root__1a2"><h1 class="Story_headline__9z">{escape(story.title)}</h1>
<div class="Story_byline__q">Par <a rel="author" href="/a">{story.author}</a> · <time datetime="{story.published}">
{slashed(story.published)}</time></div><div class="Story_text__b1">{blocks(story)}</div>{newsletter()}</article>
<article class="Story_root__1a2"><h1 class="Story_headline__9z">{TEASERS[0]}</h1><div>Par <a rel="author">Autre Plume</a>
<time datetime="2025-12-30">30/12/2025</time></div><div class="Story_text__b1">{other}</div></article></div></body></html>"""


def text_twice(story: Story) -> str:
    """The text a second time, for printing, hidden; JSON-LD damaged; the date with an abbreviated month."""
    short = (
        french_date(story.published)
        .replace("septembre", "sept.")
        .replace("octobre", "oct.")
        .replace("janvier", "janv.")
    )
    return f"""<html><head><meta charset="utf-8"><title>{escape(story.title)} :: Matin Libre Info</title>
<script type="application/ld+json">{{"@type": "NewsArticle", "headline": "{story.title[:10]}", }}</script></head>
<body><div id="print-version" style="display:none"><h1>{escape(story.title)}</h1>{blocks(story)}</div>
<div class="logo"><h1><a href="/">Matin Libre Info</a></h1></div>{menu()}
<div class="single-content"><h2 class="single-title">{escape(story.title)}</h2>
<div class="single-info"><i class="fa fa-user"></i> {story.author} <i class="fa fa-clock"></i> {short} <i></i> 1 204 vues</div>
<div class="the_content">{blocks(story, lambda n: "<p><br></p>" if n % 2 else '<div class="code-block"><ins></ins></div>')}
<p style="text-align:right"><strong>{story.author}</strong></p></div>
<div class="tagcloud">Étiquettes : <a>une</a>, <a>région</a></div></div>{comments()}
<noscript><img src="pixel.gif">Votre navigateur ne prend pas en charge JavaScript, merci de l'activer.</noscript></body></html>"""


def loud_readers(story: Story) -> str:
    """Readers who write more than the journalist, in divs that are not called comments."""
    said = "".join(
        f'<div class="avis"><b>Lecteur {n}</b> <span>il y a {n} jours</span><div>Je ne suis pas d\'accord avec ce qui est dit '
        "ici. Depuis vingt ans on nous promet la même chose, et rien ne vient. Il faut que les élus rendent des comptes, "
        "un jour ou l'autre, devant ceux qui les ont choisis. Voilà ce que pense le peuple.</div></div>"
        for n in range(2, 9)
    )
    return f"""<!DOCTYPE html><html lang="fr"><head><meta charset="windows-1252"><title>{escape(story.title)}</title>
<meta name="date" content="{story.published}"><meta name="author" content="{story.author}"></head><body>{menu()}
<div id="contenu"><h1>{escape(story.title)}</h1><div class="article-text">{blocks(story)}</div></div>
<section id="reactions" class="reactions"><h2>7 réactions</h2>{said}</section>{footer("Tribune")}</body></html>"""


def great_daily(story: Story) -> str:
    """A daily with a lead, "Lire aussi" catchers of several kinds, a chapter list and a table of contents."""

    def between(n: int) -> str:
        if n == 1:
            return (
                '<section class="catcher catcher--inline"><div class="catcher__content"><h4 class="catcher__title">'
                f'<span class="catcher__label">Lire aussi |</span> <a class="js-article-read-also" href="/b">{TEASERS[2]}</a>'
                "</h4></div></section>"
            )
        if n == 3:
            return f'<blockquote><p><strong>LIRE AUSSI →</strong> <a href="/z">{TEASERS[4]}</a></p></blockquote>'
        return ""

    lead, rest = story.body[0], Story(story.title, story.author, story.published, story.body[1:], story.language)
    return f"""<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>{escape(story.title)}</title>
<meta property="og:title" content="{escape(story.title)}"><meta property="og:site_name" content="Le Grand Soir d'Afrique">
<meta property="og:article:published_time" content="{story.published}T05:00:00+00:00">
<meta property="og:article:author" content="{story.author}"><meta property="og:description" content="{escape(lead)}"></head>
<body><header id="Header">{menu("nav")}</header><main><section class="zone zone--article"><section class="article__wrapper">
<article id="Longform" class="article article--single"><header class="article__heading"><ul class="breadcrumb"><li>Afrique</li></ul>
<h1 class="article__title">{escape(story.title)}</h1><p class="article__desc">{escape(lead, quote=False)}</p>
<section class="meta article__meta"><p class="meta__authors">Par <span class="meta__author">{story.author}</span></p>
<p class="meta__date">Publié le {french_date(story.published)} à 06h00, modifié le 31 décembre 2025 à 07h10</p>
<p class="meta__reading-time">Temps de Lecture 3 min.</p><ul class="meta__social"><li>Offrir l'article</li></ul></section></header>
<section class="article__content old__article-content-single"><figure class="article__media"><img><figcaption
class="article__legend">Dans une rue, le 2. <span class="article__credit">A. SY / AFP</span></figcaption></figure>
{blocks(rest, between, '<p class="article__paragraph">{}</p>')}</section>
<section class="article__reactions"><p>L'espace des contributions est réservé aux abonnés.</p><a>Abonnez-vous</a></section>
</article></section></section><section class="friend"><h4>Le Grand Soir d'Afrique Application Mobile</h4></section></main></body></html>"""


def bare_divs(story: Story) -> str:
    """An application's page: hashed names, no p, no article; text nodes and spans in divs, headings bold."""
    body = "".join(
        f'<div class="r-1x"><span class="r-b" style="font-weight:700"><b>{escape(b[3:], quote=False)}</b></span></div>'
        if b.startswith("## ")
        else f'<div class="r-7q"><span class="r-t">{escape(b, quote=False)}</span></div><div class="r-sp"></div>'
        for b in story.body
    )
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>{escape(story.title)}</title>
<meta property="og:title" content="{escape(story.title)}"><meta property="og:updated_time" content="2025-12-31T00:00:00Z">
</head><body><div id="root"><div class="r-0a"><div class="r-nav"><a href="/">Kunnafoni</a><a href="/a">Bamako</a><a href="/b">Régions</a>
<a href="/c">Monde</a></div><div class="r-9c"><div class="r-h">{escape(story.title)}</div>
<div class="r-3s"><span>{story.author}</span><span> · </span><span>{french_date(story.published)}</span></div>{body}
<div class="r-ft"><span>Suivez-nous sur WhatsApp pour ne rien manquer</span></div></div>
<div class="r-rel"><div>À lire ensuite</div>{"".join(f'<a href="/n"><div class="r-c">{t}</div></a>' for t in TEASERS)}</div>
<div class="r-f">© Kunnafoni 2025</div></div></div></body></html>"""


def live_list(story: Story) -> str:
    """A live as a list, with its summary above, times apart, and a match of the day between two updates."""
    items = "".join(
        f'<li class="live-item" id="u{n}"><div class="live-item__head"><time datetime="{story.published}T1{n % 10}:05:00">'
        f'1{n % 10}:05</time></div><div class="live-item__body"><p>{escape(b.lstrip("#- "), quote=False)}</p></div>'
        '<div class="live-item__share share-tools"><button>Partager</button></div></li>'
        + (f'<li class="live-item promo"><a href="/m"><p>{TEASERS[2]}</p></a></li>' if n == 2 else "")
        for n, b in enumerate(story.body)
    )
    return f"""<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>Direct : {escape(story.title)}</title>
<meta property="article:published_time" content="{story.published}T06:00:00+00:00">
<meta property="article:modified_time" content="{story.published}T22:00:00+00:00"></head><body>{menu("nav")}
<main><h1>{escape(story.title)}</h1><p class="byline">Par {story.author}, le {french_date(story.published)}</p>
<div class="toolbar">Actualisation automatique <input type="checkbox"></div><ol class="live-list">{items}</ol></main>
{teasers("box", "Les autres directs")}</body></html>"""


def unnamed(story: Story) -> str:
    """Nothing has a name that helps: a consent box, a caption in a paragraph, readers' words under a heading."""
    asked = "Nous et nos 842 partenaires stockons des informations sur votre appareil, telles que des cookies. " * 12
    said = "".join(
        f"<div><b>Lecteur {n}</b><p>Cette situation ne peut plus durer, nos dirigeants doivent prendre leurs "
        "responsabilités et écouter la population qui souffre depuis trop longtemps.</p></div>"
        for n in range(9)
    )
    year, month, day = story.published.split("-")
    month = ["Jan", "Fév", "Mar", "Avr", "Mai", "Juin", "Juil", "Août", "Sep", "Oct", "Nov", "Déc"][int(month) - 1]
    return f"""<html><head><title>Kunun | Régions | {escape(story.title)}</title></head><body>
<div><div><h2>Votre vie privée compte</h2><p>{asked}</p><p>Vous pouvez changer d'avis à tout moment.</p>
<button>Continuer sans accepter</button></div></div><div><a href="/">Kunun</a> <a href="/r">Régions</a> Déjà abonné ?</div>
<div><h1><span>{escape(story.title)}</span></h1><p>Rédigé par {story.author} le {month} {int(day)}, {year}</p>
<p><img src="a.jpg"><br>L'entrée de la ville, mardi. © DR</p>{blocks(story)}<p>Partager sur Facebook</p></div>
<section><h3>Discussion</h3>{said}</section><div>Kunun, 2009-2025</div></body></html>"""


HARDER_THEMES = (
    (unnamed, "utf-8"),
    (elementor, "utf-8"),
    (endless, "utf-8"),
    (text_twice, "utf-8"),
    (loud_readers, "cp1252"),
    (great_daily, "utf-8"),
    (bare_divs, "utf-8"),
    (live_list, "utf-8"),
)
