"""Pages as WordPress themes, Drupal, SPIP, Joomla and Blogger make them."""

from __future__ import annotations

import json
from html import escape

from data.pages.parts import (
    TEASERS,
    blocks,
    comments,
    cookies,
    figure,
    footer,
    french_date,
    menu,
    newsletter,
    share,
    slashed,
    teasers,
    weekday,
)
from data.pages.stories import Story


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
<div class="td-block-row td-post-next-prev"><span>Article précédent</span><a>{TEASERS[3]}</a></div>
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
<ul><li><a>{TEASERS[0]}</a></li><li><a>{TEASERS[1]}</a></li></ul></div></header>
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
{"".join(f'<li class="wp-block-post"><h3><a>{t}</a></h3><time>{french_date("2025-12-20")}</time></li>' for t in TEASERS)}</ul>
</main><footer class="wp-block-template-part"><p>Fièrement propulsé par WordPress</p></footer></div></body></html>"""


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
<p class="info-publi"><abbr class="published">{weekday(story.published)} {french_date(story.published)}</abbr>,
<span class="auteurs">par <span class="vcard author"><a>{story.author}</a></span></span></p></div>
<div class="crayon article-texte-12 texte entry-content">{body}</div>
<a id="forum"></a><div class="comments"><h2>Vos commentaires</h2><ul><li><p>Le 3 mars, par Ali. Très bon article, merci à
la rédaction pour ce travail sur nos régions oubliées.</p><p>Répondre à ce message</p></li></ul></div></div>
<div id="navigation"><div class="rubriques"><h2>Dans la même rubrique</h2><ul>
{"".join(f"<li><a>{t}</a></li>" for t in TEASERS)}</ul></div></div><div id="extra">{newsletter()}</div></div>
<div id="pied">2003-2025 Les Nouvelles de la Savane - Plan du site | Se connecter | Contact | RSS 2.0</div></div></body></html>"""


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
{"".join(f"<li><a>{t}</a></li>" for t in TEASERS)}</ul></div></div>{footer("Le Réveil")}</div></body></html>"""


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
<h2 class='date-header'><span>{weekday(story.published)} {french_date(story.published)}</span></h2><div class='date-posts'>
<div class='post-outer'><div class='post hentry'><h3 class='post-title entry-title' itemprop='name'>{escape(story.title)}</h3>
<div class='post-body entry-content' itemprop='description articleBody'><div style="text-align: justify;">
<span style="font-family: inherit;">{lines}</span></div><div style='clear: both;'></div></div>
<div class='post-footer'><span class='post-author vcard'>Publié par <span class='fn'>{story.author}</span></span> à
<abbr class='published'>09:30</abbr> <div class='post-share-buttons'><a>Envoyer par e-mail</a><a>BlogThis!</a></div></div></div>
<div class='comments' id='comments'><h4>Aucun commentaire:</h4><a>Enregistrer un commentaire</a></div></div></div></div></div>
<div class='blog-pager'><a>Article plus récent</a> <a>Article plus ancien</a></div></div>
<div class='column-right'><div class='widget BlogArchive'><h2>Archives du blog</h2><ul><li>▼ 2025 (48)</li><li>► 2024 (112)</li>
</ul></div></div></div></body></html>"""
