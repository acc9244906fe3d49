"""Pages in the shapes of large newsrooms' sites, AMP and live blogs among them."""

from __future__ import annotations

import json
from html import escape

from data.pages.parts import (
    TEASERS,
    blocks,
    cookies,
    figure,
    footer,
    french_date,
    menu,
    newsletter,
    share,
    slashed,
    teasers,
)
from data.pages.stories import Story


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
                f'<ul><li class="bbc-x"><a class="bbc-l">{TEASERS[2]}</a></li><li><a>{TEASERS[4]}</a></li></ul></section>'
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
{"".join(f"<li><h3><a>{t}</a></h3><time>Il y a 3 heures</time></li>" for t in TEASERS)}</ul></section>
<section class="bbc-most"><h2>Les plus lus</h2><ol>{"".join(f"<li><a>{t}</a></li>" for t in TEASERS)}</ol></section></div>
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
        promo = '<p><strong>► À lire aussi</strong> <a href="/fr/x">' + TEASERS[5] + "</a></p>"
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
            f'<div class="amp-related"><p>Sur le même sujet</p><ul><li><a>{TEASERS[0]}</a></li></ul></div>'
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
