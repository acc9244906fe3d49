"""Pages of sites put together by hand: layout tables, `<br>` for paragraphs."""

from __future__ import annotations

from html import escape

from data.pages.parts import (
    MENU,
    TEASERS,
    french_date,
    menu,
    slashed,
)
from data.pages.stories import Story


def tables(story: Story) -> str:
    """A site of the year 2002: nested tables, fonts, `<br><br>`, no classes, no charset; the date in the text's head."""
    lines = "<br><br>\n".join(
        f"<b>{escape(b[3:], quote=False)}</b>" if b.startswith("## ") else escape(b, quote=False) for b in story.body
    )
    links = "<br>".join(f'<a href="{n}.htm">{t}</a>' for n, t in enumerate(TEASERS))
    return f"""<HTML><HEAD><TITLE>{escape(story.title)}</TITLE></HEAD><BODY bgcolor="#ffffff"><CENTER>
<TABLE width=780 border=0><TR><TD colspan=3><IMG src="logo.gif" alt="L'Indépendant de la Plaine"><BR>
<FONT size=1>{" | ".join(f'<A href="{w}.htm">{w}</A>' for w in MENU)}</FONT></TD></TR>
<TR><TD width=150 valign=top><FONT size=2><B>RUBRIQUES</B><BR>{links}</FONT></TD>
<TD width=480 valign=top><TABLE><TR><TD><FONT face="Arial" size=5><B>{escape(story.title)}</B></FONT></TD></TR>
<TR><TD><FONT size=1><I>{french_date(story.published)} - par {story.author}</I></FONT></TD></TR>
<TR><TD align=justify><FONT face="Arial" size=2>{lines}</FONT></TD></TR></TABLE></TD>
<TD width=150 valign=top><FONT size=1><B>PUBLICITE</B><BR>Votre annonce ici : 76 00 00 00<BR><B>SONDAGE</B><BR>
Etes-vous satisfait du nouveau site ?<BR>Oui / Non / Sans opinion</FONT></TD></TR>
<TR><TD colspan=3 align=center><FONT size=1>Copyright 2025 L'Indépendant de la Plaine. Webmestre : webmestre@plaine.example
</FONT></TD></TR></TABLE></CENTER></BODY></HTML>"""


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
<b>Lire aussi :</b> <a href="/9">{TEASERS[1]}</a></div>
<div class="partage">Partagez cet article : <a>Facebook</a> <a>WhatsApp</a></div>
<h3>Vos réactions</h3><div class="reaction"><b>Ibrahim, Paris</b><br/>Vraiment dommage, on espère que ça va changer vite.</div>
</div><div class="colonne2"><h3>Derniers articles</h3>{"".join(f"<p><a>{t}</a></p>" for t in TEASERS)}</div></div>
<div class="bas">Le Messager, SARL de presse, 12 avenue de l'Indépendance. Tél. 33 800 00 00</div></body></html>"""
