"""What stands around articles on news sites: menus, cards, cookie banners, comments."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from data.pages.stories import Story

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
MENU = [
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
TEASERS = (
    "Kaolack : le prix de l'arachide fixé à 305 francs le kilo",
    "Mopti : deux pinasses saisies avec du bois coupé sans permis",
    "Football : le derby de Bouaké reporté au 12 du mois prochain",
    "Diffa : reprise des cours dans onze écoles du bord du lac",
    "Le festival des masques de Dédougou aura lieu malgré tout",
    "Conakry : la grève des taxis suspendue pour dix jours",
)


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
    links = "".join(f'<{item} class="menu-item"><a href="/{word.lower()}/">{word}</a></{item}>' for word in MENU)
    return f'<{tag} class="{cls}">{links}</{tag}>'


def teasers(cls: str, heading: str = "À lire aussi", tag: str = "div", count: int = 6) -> str:
    cards = "".join(
        f'<article class="card"><a href="/{n}.html"><img src="/t{n}.jpg" alt=""><h3>{escape(title)}</h3></a>'
        f'<span class="date">il y a {n + 2} heures</span></article>'
        for n, title in enumerate(TEASERS[:count])
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


def weekday(iso: str) -> str:
    from datetime import date

    return ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"][date.fromisoformat(iso).weekday()]
