"""Pages in the shapes of common news themes, with what readers of them must look past.

Each theme is a function from a Story to HTML. Nothing in a theme but the story's own title and blocks belongs to
the article.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape

from pages.stories import Story

_MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_MENU = [
    "Accueil",
    "Politique",
    "Économie",
    "Société",
    "Sports",
    "Culture",
    "International",
    "Afrique",
    "Vidéos",
    "Opinions",
    "Dossiers",
]
_TEASERS = (
    "Kaolack : le prix de l'arachide fixé à 305 francs le kilo",
    "Mopti : deux pinasses saisies avec du bois coupé sans permis",
    "Football : le derby de Bouaké reporté au 12 du mois prochain",
    "Diffa : reprise des cours dans onze écoles du bord du lac",
    "Le festival des masques de Dédougou aura lieu malgré tout",
    "Conakry : la grève des taxis suspendue pour dix jours",
)
LOREM = "Votre navigateur ne prend pas en charge cette vidéo. Activez JavaScript pour une meilleure expérience."


def french_date(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{int(day)}{'er' if int(day) == 1 else ''} {_MONTHS[int(month) - 1]} {year}"


def slashed(iso: str) -> str:
    return "/".join(reversed(iso.split("-")))


def blocks(story: Story, between: Callable[[int], str] = lambda _: "", paragraph: str = "<p>{}</p>") -> str:
    """The body as paragraphs, h2 and ul; `between(n)` goes after the n-th block."""
    out, listed = list[str](), False
    for number, block in enumerate(story.body):
        item = block.startswith("- ")
        if item != listed:
            out.append("<ul>" if item else "</ul>")
            listed = item
        if item:
            out.append(f"<li>{escape(block[2:], quote=False)}</li>")
        elif block.startswith("## "):
            out.append(f"<h2>{escape(block[3:], quote=False)}</h2>")
        else:
            out.append(paragraph.format(escape(block, quote=False)))
        if not item:
            out.append(between(number))
    return "\n".join([*out, "</ul>"] if listed else out)


def menu(tag: str = "ul", item: str = "li", cls: str = "menu") -> str:
    links = "".join(f'<{item} class="menu-item"><a href="/{word.lower()}/">{word}</a></{item}>' for word in _MENU)
    return f'<{tag} class="{cls}">{links}</{tag}>'


def teasers(cls: str, heading: str = "À lire aussi", tag: str = "div", count: int = 6) -> str:
    cards = "".join(
        f'<article class="card"><a href="/{n}.html"><img src="/t{n}.jpg" alt=""><h3>{escape(title)}</h3></a>'
        f'<span class="date">il y a {n + 2} heures</span></article>'
        for n, title in enumerate(_TEASERS[:count])
    )
    return f'<{tag} class="{cls}"><h4>{heading}</h4>{cards}</{tag}>'


def cookies(cls: str = "cmp-banner") -> str:
    return (
        f'<div class="{cls}" id="cookie-law-info-bar" role="dialog"><p>Nous utilisons des cookies pour mesurer '
        "l'audience et personnaliser les publicités. En poursuivant votre navigation, vous acceptez notre politique de "
        "confidentialité.</p><button>Tout accepter</button> <button>Paramétrer</button></div>"
    )


def share(cls: str = "social-share") -> str:
    names = ("Facebook", "Twitter", "WhatsApp", "Telegram", "Partager par e-mail", "Imprimer")
    return f'<div class="{cls}">Partager' + "".join(f'<a href="#{n}">{n}</a>' for n in names) + "</div>"


def comments() -> str:
    said = (
        ("Moussa", "Bravo pour cet article, c'est la vérité. Les autorités doivent faire quelque chose maintenant."),
        ("Citoyenne226", "Toujours les mêmes promesses ! On attend de voir, comme en 2019 et comme en 2022."),
        ("Le Sage", "Que Dieu nous aide. Je partage à tous mes contacts pour que le monde entier le sache."),
    )
    items = "".join(
        f'<li class="comment"><cite class="fn">{who}</cite> dit : <p>{what}</p><a href="#r">Répondre</a></li>'
        for who, what in said
    )
    return (
        f'<div id="comments" class="comments-area"><h2 class="comments-title">3 commentaires</h2><ol class="comment-list">'
        f'{items}</ol><div id="respond"><h3>Laisser un commentaire</h3><form><label>Votre adresse e-mail ne sera pas '
        "publiée.</label><textarea></textarea></form></div></div>"
    )


def newsletter() -> str:
    return (
        "<div class=\"newsletter-box\"><h3>Restez informé</h3><p>Recevez chaque matin l'essentiel de l'actualité dans "
        'votre boîte mail.</p><form><input type="email"><button>Je m\'abonne</button></form></div>'
    )


def footer(name: str) -> str:
    return (
        f"<footer><div class='about'><h4>À propos</h4><p>{name} est un site d'information générale fondé en 2009. "
        "Direction, rédaction, publicité : 20 22 00 00.</p></div>"
        f"{menu(cls='footer-menu')}<p>© 2025 {name}. Tous droits réservés. Mentions légales. Contact.</p></footer>"
    )


def figure(text: str = "Des habitants au bord du fleuve. Photo : Agence Sahel Images / DR") -> str:
    return f'<figure class="wp-caption"><img src="a.jpg" alt="Des habitants"><figcaption>{text}</figcaption></figure>'


def wordpress_newspaper(story: Story) -> str:
    """Newspaper theme: every id a `td-`, JSON-LD graph by Yoast, related links in the text, an author box."""
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            {
                "@type": "NewsArticle",
                "@id": "https://echo.example/a/#article",
                "author": {"name": story.author, "@id": "#p"},
                "headline": story.title,
                "datePublished": f"{story.published}T{story.time}",
                "dateModified": f"{story.published}T23:10:00+00:00",
                "publisher": {"@id": "#org"},
                "inLanguage": "fr-FR",
            },
            {"@type": "WebPage", "name": f"{story.title} - L'Écho des Rives", "datePublished": f"{story.published}"},
            {"@type": "Organization", "@id": "#org", "name": "L'Écho des Rives"},
        ],
    }

    def between(n: int) -> str:
        if n == 1:
            return '<p><strong>À lire aussi : </strong><a href="/x">Mopti : deux pinasses saisies avec du bois</a></p>'
        if n == 2:
            return '<div class="td-a-rec td-a-rec-id-content_inline"><span>- Publicité -</span><ins></ins></div>'
        return ""

    return f"""<!DOCTYPE html><html lang="fr-FR"><head><meta charset="UTF-8">
<title>{escape(story.title)} - L'Écho des Rives</title>
<link rel="canonical" href="https://echo.example/2025/{story.published[5:7]}/article/">
<meta property="og:title" content="{escape(story.title)} - L'Écho des Rives">
<meta property="og:site_name" content="L'Écho des Rives">
<script type="application/ld+json" class="yoast-schema-graph">{json.dumps(graph)}</script>
<style>.td-post {{ color: red }}</style></head><body class="single single-post">
{cookies()}<div class="td-header-menu-wrap">{menu()}<div class="tdb-search">Rechercher</div></div>
<div class="td-main-content-wrap"><div class="td-container">
<div class="td-crumb-container"><a href="/">Accueil</a> <i></i> <a href="/societe">Société</a></div>
<div class="td-pb-span8 td-main-content"><article class="post type-post" itemscope>
<div class="td-post-header"><ul class="td-category"><li><a>Société</a></li></ul>
<header class="td-post-title"><h1 class="entry-title">{escape(story.title)}</h1>
<div class="td-module-meta-info"><div class="td-post-author-name">Par <a href="/a">{story.author}</a> - </div>
<span class="td-post-date"><time class="entry-date updated td-module-date" datetime="{story.published}T{story.time}">
{french_date(story.published)}</time></span><div class="td-post-views">1843 vues</div></div></header></div>
{share("td-post-sharing")}<div class="td-post-content tagdiv-type">
<div class="td-post-featured-image">{figure()}</div>
{blocks(story, between)}
</div>{share("td-post-sharing")}
<footer><div class="td-post-source-tags"><ul class="td-tags"><li>TAGS</li><li><a>Afrique</a></li></ul></div>
<div class="td-block-row td-post-next-prev"><span>Article précédent</span><a>{_TEASERS[3]}</a></div>
<div class="author-box-wrap"><div class="td-author-name">{story.author}</div><div class="td-author-description">
Journaliste à L'Écho des Rives depuis 2014, elle couvre les régions du sud et les questions de transport.</div></div>
</footer></article>
{teasers("td_block_wrap td_block_related_posts", "ARTICLES SIMILAIRES")}{comments()}</div>
<div class="td-pb-span4 td-main-sidebar">{newsletter()}{teasers("widget popular", "Les plus lus")}</div></div></div>
{footer("L'Écho des Rives")}</body></html>"""


def wordpress_jannah(story: Story) -> str:
    """Jannah theme: `the-post`, share bars, read-next boxes in the text; the date visible and in meta."""

    def between(n: int) -> str:
        if n == 0:
            return share("share-buttons share-centered")
        if n == 2:
            return teasers("read-more-box", "Lire aussi", "section", 2)
        return '<div class="stream-item stream-item-in-post"><a>PUBLICITÉ</a></div>' if n == 3 else ""

    return f"""<html lang="fr"><head><meta charset="utf-8"><title>{escape(story.title)} | Sahel Infos</title>
<meta property="article:published_time" content="{story.published}T06:14:52+00:00">
<meta name="author" content="admin"><meta property="og:site_name" content="Sahel Infos">
<meta property="og:title" content="{escape(story.title)}"></head>
<body id="tie-body"><header id="theme-header">{menu()}<div class="breaking"><span>Dernières nouvelles</span>
<ul><li><a>{_TEASERS[0]}</a></li><li><a>{_TEASERS[1]}</a></li></ul></div></header>
<div id="content" class="site-content"><div class="main-content"><article id="the-post" class="container-wrapper">
<header class="entry-header-outer"><nav id="breadcrumb"><a>Accueil</a>/<a>A la une</a></nav><div class="entry-header">
<h1 class="post-title entry-title">{escape(story.title)}</h1>
<div class="single-post-meta"><span class="author-meta">{story.author}</span><span class="date meta-item">
{french_date(story.published)}</span><span class="meta-comment">0</span><span>3 minutes de lecture</span></div></div>
</header><div class="featured-area"><figure class="single-featured-image"><img><figcaption class="single-caption-text">
Crédit photo : Sahel Infos</figcaption></figure></div><div class="entry-content entry clearfix">
{blocks(story, between)}
<div class="tie-tags">Mots-clés <a>marché</a> <a>région</a></div></div>
<div id="share-buttons-bottom" class="share-buttons">{share()}</div></article>
<div class="post-components"><div class="about-author"><h3>{story.author}</h3><p>Correspondant de Sahel Infos.</p></div>
<div id="related-posts" class="container-wrapper">{teasers("related-posts-list", "Articles similaires")}</div>
{comments()}</div></div><aside class="sidebar">{teasers("widget", "Populaires")}</aside></div>
{footer("Sahel Infos")}</body></html>"""


def wordpress_astra(story: Story) -> str:
    """Astra: `entry-content` in several divs, the site's name as first h1, Windows-1252 in the file, no charset."""
    return f"""<!DOCTYPE html><html lang="en-US"><head>
<title>{escape(story.title)} – Le Quotidien du Fleuve</title></head><body class="ast-single-post">
<div class="site"><header><h1 class="site-title"><a href="/">Le Quotidien du Fleuve</a></h1>
<p class="site-description">L'information au fil de l'eau</p>{menu("nav", "span")}</header>
<div id="content"><main><article class="ast-article-single post"><header class="entry-header">
<h1 class="entry-title" itemprop="headline">{escape(story.title)}</h1>
<div class="entry-meta">Laisser un commentaire / <a>Régions</a> / Par <span class="posted-by">{story.author}</span>
/ <span class="posted-on">{french_date(story.published)}</span></div></header>
<div class="entry-content clear" itemprop="text">
{blocks(story, lambda n: "<p>&nbsp;</p>" if n in (1, 4) else "", '<div class="wp-block-group"><p>{}</p></div>')}
</div></article><nav class="post-navigation"><a>← Article précédent</a><a>Article suivant →</a></nav>{comments()}</main>
<div id="secondary">{teasers("widget_recent_entries", "Articles récents")}</div></div>
{footer("Le Quotidien du Fleuve")}</div>{cookies("cky-consent-container")}</body></html>"""


def bbc_like(story: Story) -> str:
    """Hashed class names, every paragraph in its own div, JSON-LD with an array, related block in the text."""
    ld = [
        {"@type": "BreadcrumbList", "itemListElement": []},
        {
            "@context": "http://schema.org",
            "@type": ["NewsArticle"],
            "headline": story.title,
            "datePublished": f"{story.published}T{story.time}",
            "dateModified": f"{story.published}T18:00:00.000Z",
            "author": [{"@type": "Person", "name": story.author}],
            "publisher": {"@type": "NewsMediaOrganization", "name": "Radio Baobab"},
        },
    ]

    def between(n: int) -> str:
        if n == 2:
            return (
                '<section class="bbc-1qn0xuy" role="region" aria-labelledby="podcast"><strong>Ne ratez pas :</strong>'
                f'<ul><li class="bbc-x"><a class="bbc-l">{_TEASERS[2]}</a></li><li><a>{_TEASERS[4]}</a></li></ul></section>'
            )
        if n == 4:
            return (
                '<div class="bbc-ls"><figure class="bbc-fa0wmp"><div><img><p class="bbc-credit" role="text">'
                "<span>Crédit photo, </span>Getty Images</p></div><figcaption><p><span>Légende image, </span>"
                "Le marché au petit matin</p></figcaption></figure></div>"
            )
        return ""

    body = blocks(story, between, '<div dir="ltr" class="bbc-19j92fr"><p dir="ltr" class="bbc-hhl7in">{}</p></div>')
    return f"""<!DOCTYPE html><html lang="{story.language}"><head><meta charset="utf-8">
<title data-react-helmet="true">{escape(story.title)} - Radio Baobab</title>
<script type="application/ld+json">{json.dumps(ld, ensure_ascii=False)}</script></head><body>
<header role="banner"><div><a>Radio Baobab</a></div>{menu("nav", "div")}</header><div class="bbc-main">
<main role="main"><div class="bbc-1151pbn"><h1 class="bbc-14gqcmb" id="content" tabindex="-1">{escape(story.title)}</h1></div>
<div class="bbc-byline"><section role="region" aria-labelledby="article-byline"><strong>Article information</strong>
<ul role="list"><li><b>Author, </b><span>{story.author}</span></li><li><b>Role, </b><span>Radio Baobab Afrique</span></li>
</ul></section></div><div><time datetime="{story.published}">{french_date(story.published)}</time></div>
<div class="bbc-fig"><figure><img><p role="text">Crédit photo, AFP</p></figure></div>
{body}</main>
<section class="bbc-top" aria-labelledby="Top-stories"><h2>À la une</h2><ul>
{"".join(f"<li><h3><a>{t}</a></h3><time>Il y a 3 heures</time></li>" for t in _TEASERS)}</ul></section>
<section class="bbc-most"><h2>Les plus lus</h2><ol>{"".join(f"<li><a>{t}</a></li>" for t in _TEASERS)}</ol></section></div>
<footer role="contentinfo"><ul><li>Conditions d'utilisation</li><li>À propos</li></ul>© 2025 Radio Baobab.
La radio n'est pas responsable du contenu des sites externes.</footer></body></html>"""


def rfi_like(story: Story) -> str:
    """A `t-content` with chapo, in-text promos between asides, JSON-LD of type Article with audio."""
    ld = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": f"{story.title}",
        "datePublished": f"{story.published}T{story.time}",
        "author": {"@type": "Person", "name": story.author},
        "isAccessibleForFree": "True",
        "publisher": {"@type": "Organization", "name": "Voix du Continent"},
    }
    first, rest = story.body[0], Story(story.title, story.author, story.published, story.body[1:], story.language)

    def between(n: int) -> str:
        promo = '<p><strong>► À lire aussi</strong> <a href="/fr/x">' + _TEASERS[5] + "</a></p>"
        return promo if n == 1 else '<aside class="a-ad">Publicité<div id="dfp"></div></aside>' if n == 2 else ""

    return f"""<!DOCTYPE html><html lang="fr"><head><meta charset="UTF-8">
<title>{escape(story.title)}</title><meta property="og:site_name" content="Voix du Continent">
<script type="application/ld+json">{json.dumps(ld)}</script></head><body>
<div id="didomi-host"><div role="dialog"><h2>Bienvenue</h2><p>Avec votre accord, nos partenaires et nous utilisons des
cookies pour stocker et accéder à des informations personnelles comme votre visite sur ce site.</p></div></div>
<header>{menu("nav", "a")}<div>Écouter le direct</div></header><main><article class="t-content article" data-id="1">
<span class="t-content__tag">Afrique</span><h1 class="t-content__title a-page-title">{escape(story.title)}</h1>
<p class="t-content__chapo">{escape(first, quote=False)}</p>
<div class="m-article-date"><p>Publié le : <time datetime="{story.published}T{story.time}" pubdate="pubdate">
{slashed(story.published)} - 09:30</time></p></div><div class="m-em-image"><figure><img><figcaption>
Vue de la ville, le mois dernier. <span class="a-credit">© Voix du Continent / R. N.</span></figcaption></figure></div>
<div class="t-content__reading-time">Temps de lecture : 2 min</div>
<div class="t-content__body u-clearfix">{blocks(rest, between)}
<div class="o-self-promo"><div class="o-self-promo__message"><span>Newsletter</span><p>Recevez toute l'actualité
internationale directement dans votre boîte mail</p><a>Je m'abonne</a></div></div>
<p class="m-app">Suivez toute l'actualité internationale en téléchargeant l'application</p></div>
{share("m-social-share")}<ul class="m-tags-list"><li><a>Transports</a></li></ul></article>
<section class="m-read-more">{teasers("o-layout-list", "Les plus lus")}</section></main>
{footer("Voix du Continent")}</body></html>"""


def jeune_afrique_like(story: Story) -> str:
    """A magazine: article wrapped in sections, an abstract apart, a "most read" in the column, title only in Open Graph."""
    lead, rest = story.body[0], Story(story.title, story.author, story.published, story.body[1:], story.language)
    ld = {"@type": "NewsArticle", "isAccessibleForFree": True, "datePublished": f"{story.published} 09:30:00"}
    return f"""<!DOCTYPE html><html lang="fr-FR"><head><meta charset="utf-8"><title>Continent Hebdo</title>
<meta property="og:title" content="{escape(story.title)} - Continent Hebdo">
<meta property="og:site_name" content="Continent Hebdo"><meta name="author" content="{story.author}">
<script type="application/ld+json">{json.dumps(ld)}</script></head><body><div class="header__top">{menu()}</div>
<main><section class="article"><div class="article__header"><p class="article__surtitle">Société</p>
<div class="h1">{escape(story.title)}</div>
<div class="article__abstract"><p>{escape(lead, quote=False)}</p></div>
<div class="article__infos"><span class="article__author">{story.author}</span>
<span class="article__date">Publié le {french_date(story.published)}</span> <span>Lecture : 3 minutes.</span></div></div>
<div class="article__media">{figure("Au marché. © Photomontage : Continent Hebdo")}</div>
<div class="article__body"><div class="article__content">
{blocks(rest, lambda n: teasers("list-most-read", "Les plus lus", "div", 4) if n == 2 else "")}
</div></div><div class="newsletter-push">{newsletter()}</div></section>
<section class="post-list">{teasers("carousel", "À lire également")}</section></main>
{footer("Continent Hebdo")}</body></html>"""


def drupal(story: Story) -> str:
    """Drupal: `field--name-body`, breadcrumbs, "Mots clés", Dublin Core date, the wrong language declared."""
    return f"""<!DOCTYPE html><html lang="en" dir="ltr"><head><meta charset="utf-8">
<meta name="Generator" content="Drupal 9"><meta name="dcterms.date" content="{story.published}T09:30+00:00">
<title>{escape(story.title)} | Agence de Presse du Levant</title></head><body class="path-node page-node-type-article">
<a href="#main-content" class="visually-hidden focusable skip-link">Aller au contenu principal</a>
<div class="dialog-off-canvas-main-canvas"><header class="region">{menu("nav", "li")}</header>
<div class="region region-breadcrumb"><ol><li>Accueil</li><li>Actualités</li></ol></div>
<main role="main"><a id="main-content"></a><div class="region region-content"><div id="block-pagetitle">
<h1 class="page-header"><span class="field field--name-title">{escape(story.title)}</span></h1></div>
<article role="article" class="node node--type-article node--view-mode-full"><footer class="node__meta">
<div class="node__submitted">Soumis par <span class="field--name-uid">{story.author}</span>
le <span class="field--name-created">{slashed(story.published)} - 09:30</span></div></footer><div class="node__content">
<div class="field field--name-field-image">{figure("Crédit : APL")}</div>
<div class="field field--name-body field--type-text-with-summary field--label-hidden field__item">
{blocks(story)}</div>
<div class="field field--name-field-tags"><div class="field__label">Mots clés</div><a>Région</a><a>Travaux</a></div>
<ul class="links inline"><li><a>Se connecter</a> ou <a>s'inscrire</a> pour publier un commentaire</li></ul></div>
</article>{teasers("views-element-container block-views", "Dans la même rubrique")}</div></main>
<aside class="region-sidebar-second">{newsletter()}</aside>{footer("Agence de Presse du Levant")}</div></body></html>"""


def spip(story: Story) -> str:
    """SPIP: `crayon`, `chapo` and `texte`, intertitres as h3.spip, the date written out, French only in text."""
    body = (
        blocks(story)
        .replace("<h2>", '<h3 class="spip">')
        .replace("</h2>", "</h3>")
        .replace("<ul>", '<ul class="spip">')
    )
    return f"""<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr"><head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
<title>{escape(story.title)} - Les Nouvelles de la Savane</title><meta name="generator" content="SPIP 4.1" /></head>
<body class="page_article"><div id="page"><div id="entete"><a rel="start">Les Nouvelles de la Savane</a></div>
<div id="nav">{menu()}</div><div id="conteneur"><div id="contenu">
<p id="hierarchie"><a>Accueil</a> &gt; <a>Actualités</a> &gt; <strong>{escape(story.title)}</strong></p>
<div class="cartouche"><h1 class="crayon article-titre-12">{escape(story.title)}</h1>
<p class="info-publi"><abbr class="published">{_weekday(story.published)} {french_date(story.published)}</abbr>,
<span class="auteurs">par <span class="vcard author"><a>{story.author}</a></span></span></p></div>
<div class="crayon article-texte-12 texte entry-content">{body}</div>
<a id="forum"></a><div class="comments"><h2>Vos commentaires</h2><ul><li><p>Le 3 mars, par Ali. Très bon article, merci à
la rédaction pour ce travail sur nos régions oubliées.</p><p>Répondre à ce message</p></li></ul></div></div>
<div id="navigation"><div class="rubriques"><h2>Dans la même rubrique</h2><ul>
{"".join(f"<li><a>{t}</a></li>" for t in _TEASERS)}</ul></div></div><div id="extra">{newsletter()}</div></div>
<div id="pied">2003-2025 Les Nouvelles de la Savane - Plan du site | Se connecter | Contact | RSS 2.0</div></div></body></html>"""


def _weekday(iso: str) -> str:
    from datetime import date

    return ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"][date.fromisoformat(iso).weekday()]


def joomla(story: Story) -> str:
    """Joomla: `item-page`, icons, hits; Windows-1252 declared as ISO-8859-1; `<div>` for each paragraph."""
    return f"""<!DOCTYPE html><html xml:lang="fr-fr" lang="fr-fr"><head>
<meta http-equiv="content-type" content="text/html; charset=iso-8859-1" /><meta name="generator" content="Joomla!" />
<title>{escape(story.title)}</title></head><body><div id="wrapper"><div class="header">{menu()}</div>
<div id="main"><div class="item-page" itemscope itemtype="https://schema.org/Article"><div class="page-header">
<h2 itemprop="headline">{escape(story.title)}</h2></div><div class="icons"><ul><li>Imprimer</li><li>E-mail</li></ul></div>
<dl class="article-info muted"><dt>Détails</dt><dd class="createdby">Écrit par <span itemprop="name">{story.author}</span></dd>
<dd class="category-name">Catégorie : <a>Actualités</a></dd><dd class="published">Publication : {french_date(story.published)}</dd>
<dd class="hits">Affichages : 412</dd></dl><div itemprop="articleBody">
{blocks(story, paragraph="<div>{}</div>")}
</div><ul class="pager pagenav"><li><a>Précédent</a></li><li><a>Suivant</a></li></ul></div></div>
<div id="aside"><div class="moduletable"><h3>Les plus lus</h3><ul class="mostread">
{"".join(f"<li><a>{t}</a></li>" for t in _TEASERS)}</ul></div></div>{footer("Le Réveil")}</div></body></html>"""


def blogger(story: Story) -> str:
    """Blogger: paragraphs apart by two `<br>` in one div, justified spans, the date as heading above the post."""
    lines = "<br /><br />".join(
        f"<b>{escape(b[3:], quote=False)}</b>" if b.startswith("## ") else escape(b, quote=False) for b in story.body
    )
    return f"""<html dir='ltr' xmlns='http://www.w3.org/1999/xhtml'><head>
<meta content='text/html; charset=UTF-8' http-equiv='Content-Type'/><meta content='blogger' name='generator'/>
<title>Le blog de la lagune: {escape(story.title)}</title></head><body><div class='content'><header>
<div class='titlewrapper'><h1 class='title'>Le blog de la lagune</h1></div></header><div class='tabs'>{menu()}</div>
<div class='main section' id='main'><div class='blog-posts hfeed'><div class='date-outer'>
<h2 class='date-header'><span>{_weekday(story.published)} {french_date(story.published)}</span></h2><div class='date-posts'>
<div class='post-outer'><div class='post hentry'><h3 class='post-title entry-title' itemprop='name'>{escape(story.title)}</h3>
<div class='post-body entry-content' itemprop='description articleBody'><div style="text-align: justify;">
<span style="font-family: inherit;">{lines}</span></div><div style='clear: both;'></div></div>
<div class='post-footer'><span class='post-author vcard'>Publié par <span class='fn'>{story.author}</span></span> à
<abbr class='published'>09:30</abbr> <div class='post-share-buttons'><a>Envoyer par e-mail</a><a>BlogThis!</a></div></div></div>
<div class='comments' id='comments'><h4>Aucun commentaire:</h4><a>Enregistrer un commentaire</a></div></div></div></div></div>
<div class='blog-pager'><a>Article plus récent</a> <a>Article plus ancien</a></div></div>
<div class='column-right'><div class='widget BlogArchive'><h2>Archives du blog</h2><ul><li>▼ 2025 (48)</li><li>► 2024 (112)</li>
</ul></div></div></div></body></html>"""


def tables(story: Story) -> str:
    """A site of the year 2002: nested tables, fonts, `<br><br>`, no classes, no charset; the date in the text's head."""
    lines = "<br><br>\n".join(
        f"<b>{escape(b[3:], quote=False)}</b>" if b.startswith("## ") else escape(b, quote=False) for b in story.body
    )
    links = "<br>".join(f'<a href="{n}.htm">{t}</a>' for n, t in enumerate(_TEASERS))
    return f"""<HTML><HEAD><TITLE>{escape(story.title)}</TITLE></HEAD><BODY bgcolor="#ffffff"><CENTER>
<TABLE width=780 border=0><TR><TD colspan=3><IMG src="logo.gif" alt="L'Indépendant de la Plaine"><BR>
<FONT size=1>{" | ".join(f'<A href="{w}.htm">{w}</A>' for w in _MENU)}</FONT></TD></TR>
<TR><TD width=150 valign=top><FONT size=2><B>RUBRIQUES</B><BR>{links}</FONT></TD>
<TD width=480 valign=top><TABLE><TR><TD><FONT face="Arial" size=5><B>{escape(story.title)}</B></FONT></TD></TR>
<TR><TD><FONT size=1><I>{french_date(story.published)} - par {story.author}</I></FONT></TD></TR>
<TR><TD align=justify><FONT face="Arial" size=2>{lines}</FONT></TD></TR></TABLE></TD>
<TD width=150 valign=top><FONT size=1><B>PUBLICITE</B><BR>Votre annonce ici : 76 00 00 00<BR><B>SONDAGE</B><BR>
Etes-vous satisfait du nouveau site ?<BR>Oui / Non / Sans opinion</FONT></TD></TR>
<TR><TD colspan=3 align=center><FONT size=1>Copyright 2025 L'Indépendant de la Plaine. Webmestre : webmestre@plaine.example
</FONT></TD></TR></TABLE></CENTER></BODY></HTML>"""


def amp(story: Story) -> str:
    """AMP: amp-img, amp-sidebar, amp-consent, JSON-LD, canonical elsewhere."""
    ld = {
        "@context": "http://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": "https://presse.example/article-12",
        "headline": story.title,
        "datePublished": f"{story.published}T{story.time}",
        "author": {"@type": "Person", "name": story.author},
        "publisher": {"@type": "Organization", "name": "La Presse du Golfe"},
        "description": story.body[0],
    }

    def between(n: int) -> str:
        return (
            '<amp-ad width="300" height="250" type="adsense"><div placeholder>Publicité</div></amp-ad>'
            f'<div class="amp-related"><p>Sur le même sujet</p><ul><li><a>{_TEASERS[0]}</a></li></ul></div>'
            if n == 1
            else ""
        )

    return f"""<!doctype html><html amp lang="fr"><head><meta charset="utf-8"><link rel="canonical"
href="https://presse.example/article-12"><title>{escape(story.title)} - La Presse du Golfe</title>
<script async src="https://cdn.ampproject.org/v0.js"></script><script type="application/ld+json">{json.dumps(ld)}</script>
<style amp-boilerplate>body{{animation:none}}</style></head><body>
<amp-sidebar id="s" layout="nodisplay">{menu()}</amp-sidebar><amp-consent id="c" layout="nodisplay"><div id="ui">
<p>Nous et nos partenaires traitons vos données pour mesurer l'audience. Acceptez-vous les cookies ?</p></div></amp-consent>
<header class="amp-wp-header"><a>La Presse du Golfe</a></header><article class="amp-wp-article">
<header class="amp-wp-article-header"><h1 class="amp-wp-title">{escape(story.title)}</h1>
<div class="amp-wp-meta amp-wp-byline"><span class="amp-wp-author">{story.author}</span></div>
<div class="amp-wp-meta amp-wp-posted-on"><time datetime="{story.published}T{story.time}">il y a 2 mois</time></div></header>
<figure class="amp-wp-article-featured-image"><amp-img src="x.jpg"></amp-img><p class="wp-caption-text">Photo d'archives (DR)</p>
</figure><div class="amp-wp-article-content">{blocks(story, between)}</div>
<footer class="amp-wp-article-footer"><div class="amp-wp-tax-category">Catégories : Société</div>
<div><a>Afficher les commentaires</a></div></footer></article>
<footer class="amp-wp-footer"><h2>La Presse du Golfe</h2><a href="#top">Haut de page</a></footer></body></html>"""


def live_blog(story: Story) -> str:
    """A live: updates in their own boxes, latest first, with share links each and a key-points box; LiveBlogPosting."""
    updates = [
        {
            "@type": "BlogPosting",
            "headline": block[:40],
            "datePublished": f"{story.published}T1{n}:00:00Z",
            "articleBody": block,
        }
        for n, block in enumerate(story.body)
    ]
    ld = {
        "@context": "https://schema.org",
        "@type": "LiveBlogPosting",
        "headline": story.title,
        "datePublished": f"{story.published}T06:30:00+00:00",
        "coverageStartTime": f"{story.published}T06:30:00+00:00",
        "author": {"@type": "Person", "name": story.author},
        "liveBlogUpdate": updates,
    }
    posts = "".join(
        f'<article class="lx-stream__post-container live-post" id="p{n}"><div class="post-inner">'
        + (
            f"<h3>{escape(block[3:], quote=False)}</h3>"
            if block.startswith("## ")
            else f'<div class="post-content"><p>{escape(block.removeprefix("- "), quote=False)}</p></div>'
        )
        + '<div class="post-share"><a>Partager</a><a>Copier le lien</a></div></div></article>'
        for n, block in enumerate(story.body)
    )
    return f"""<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>EN DIRECT - {escape(story.title)} | Le Fil</title>
<meta property="og:title" content="{escape(story.title)}"><meta property="og:site_name" content="Le Fil">
<script type="application/ld+json">{json.dumps(ld, ensure_ascii=False)}</script></head><body>
<header>{menu("nav", "a")}</header><main><div class="live-header"><span class="live-badge">En direct</span>
<h1>{escape(story.title)}</h1><p class="live-meta">Par {story.author} - Publié le {slashed(story.published)}, mis à jour à l'instant
</p></div><div class="live-stream">{posts}</div><button>Voir les messages précédents</button></main>
<aside>{teasers("more", "Nos directs")}</aside>{footer("Le Fil")}{cookies("gdpr")}</body></html>"""


def br_only(story: Story) -> str:
    """A home-made site: the whole text in one div with `<br>` alone between paragraphs, related links inside it."""
    lines = "<br/>\n".join(
        f"<strong>{escape(b[3:], quote=False)}</strong>" if b.startswith("## ") else escape(b, quote=False)
        for b in story.body
    )
    return f"""<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>Le Messager : {escape(story.title)}</title>
<meta name="description" content="Toute l'actualité en continu"></head><body><div class="top"><a href="/"><img alt="Le Messager"></a>
{menu("div", "span")}</div><div class="page"><div class="colonne1"><h1>{escape(story.title)}</h1>
<div class="infos">Publié le {slashed(story.published)} à 09h30 | Par {story.author} | Lu 2 318 fois</div>
<div class="texte">{lines}<br/><br/>
<b>Lire aussi :</b> <a href="/9">{_TEASERS[1]}</a></div>
<div class="partage">Partagez cet article : <a>Facebook</a> <a>WhatsApp</a></div>
<h3>Vos réactions</h3><div class="reaction"><b>Ibrahim, Paris</b><br/>Vraiment dommage, on espère que ça va changer vite.</div>
</div><div class="colonne2"><h3>Derniers articles</h3>{"".join(f"<p><a>{t}</a></p>" for t in _TEASERS)}</div></div>
<div class="bas">Le Messager, SARL de presse, 12 avenue de l'Indépendance. Tél. 33 800 00 00</div></body></html>"""


def twenty_twenty(story: Story) -> str:
    """Block theme without classes that help: `wp-block-post-content`, pull quote repeated, tags, a poll in the text."""

    def between(n: int) -> str:
        if n == 3:
            return (
                f'<figure class="wp-block-pullquote"><blockquote><p>{story.body[0][:60]}…</p></blockquote></figure>'
                '<div class="wp-block-embed"><blockquote class="twitter-tweet"><p>Notre direct est à suivre ici '
                "pic.twitter.com/xyz</p>&mdash; La Dépêche (@depeche)</blockquote><script></script></div>"
            )
        return '<p class="has-small-font-size"><em>(Publicité)</em></p>' if n == 1 else ""

    return f"""<!DOCTYPE html><html lang="fr-FR"><head><meta charset="UTF-8"/>
<title>{escape(story.title)} &#8211; La Dépêche du Sud</title>
<meta property="article:published_time" content="{story.published}T09:30:00+00:00"/>
<meta property="article:modified_time" content="{story.published}T19:30:00+00:00"/></head><body>
<div class="wp-site-blocks"><header class="wp-block-template-part"><p class="wp-block-site-title"><a>La Dépêche du Sud</a></p>
{menu("nav", "li")}</header><main class="wp-block-group"><h1 class="wp-block-post-title">{escape(story.title)}</h1>
<div class="wp-block-group has-link-color"><p>Écrit par</p><div class="wp-block-post-author-name">{story.author}</div><p>dans</p>
<div class="wp-block-post-terms"><a>Non classé</a></div></div>
<div class="entry-content wp-block-post-content is-layout-constrained">{blocks(story, between)}
<div class="sharedaddy sd-sharing-enabled"><h3 class="sd-title">Partager :</h3><ul><li>Facebook</li><li>X</li></ul></div>
<div class="jp-relatedposts"><h3><em>Articles similaires</em></h3></div></div>{comments()}
<h2 class="wp-block-heading">Plus d'articles</h2><ul class="wp-block-post-template">
{"".join(f'<li class="wp-block-post"><h3><a>{t}</a></h3><time>{french_date("2025-12-20")}</time></li>' for t in _TEASERS)}</ul>
</main><footer class="wp-block-template-part"><p>Fièrement propulsé par WordPress</p></footer></div></body></html>"""


THEMES: tuple[tuple[Callable[[Story], str], str], ...] = (
    (wordpress_newspaper, "utf-8"),
    (wordpress_jannah, "utf-8"),
    (wordpress_astra, "cp1252"),
    (bbc_like, "utf-8"),
    (rfi_like, "utf-8"),
    (jeune_afrique_like, "utf-8"),
    (drupal, "utf-8"),
    (spip, "utf-8"),
    (joomla, "cp1252"),
    (blogger, "utf-8"),
    (tables, "cp1252"),
    (amp, "utf-8"),
    (live_blog, "utf-8"),
    (br_only, "utf-8"),
    (twenty_twenty, "utf-8"),
)
"""Each theme with the encoding its pages are saved in, declared or not."""
