"""All themes: functions from a Story to HTML in which nothing but its title and blocks belongs to the article."""

from __future__ import annotations

from collections.abc import Callable

from data.pages import content_systems as cs
from data.pages import harder_themes, home_made
from data.pages import media_houses as mh
from data.pages.stories import Story

THEMES: tuple[tuple[Callable[[Story], str], str], ...] = (
    (cs.wordpress_newspaper, "utf-8"),
    (cs.wordpress_jannah, "utf-8"),
    (cs.wordpress_astra, "cp1252"),
    (mh.bbc_like, "utf-8"),
    (mh.rfi_like, "utf-8"),
    (mh.jeune_afrique_like, "utf-8"),
    (cs.drupal, "utf-8"),
    (cs.spip, "utf-8"),
    (cs.joomla, "cp1252"),
    (cs.blogger, "utf-8"),
    (home_made.tables, "cp1252"),
    (mh.amp, "utf-8"),
    (mh.live_blog, "utf-8"),
    (home_made.br_only, "utf-8"),
    (cs.twenty_twenty, "utf-8"),
    *harder_themes.HARDER_THEMES,
)
"""Each theme with the encoding its pages are saved in, declared or not."""
