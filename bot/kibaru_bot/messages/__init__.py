"""Every sentence a reader or an admin sees, one catalogue a language, French first."""

from __future__ import annotations

from kibaru_bot.messages.catalogue import Catalogue
from kibaru_bot.messages.en import ENGLISH
from kibaru_bot.messages.fr import FRENCH

LANGUAGES = {"fr": FRENCH, "en": ENGLISH}

__all__ = ["LANGUAGES", "Catalogue", "catalogue"]


def catalogue(code: str | None) -> Catalogue:
    """The catalogue of a language code as Telegram gives it (`fr`, `en-GB`); French when we do not speak it."""
    return LANGUAGES.get((code or "").split("-")[0].lower(), FRENCH)
