"""Small talk: a greeting, a word of thanks, an "ok" or a thumb is not a question.

A message counts as small talk only when all of its words do; any other word makes it a question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from kibaru.characters import is_combining
from kibaru.text.stems import fold

SmallTalk = Literal["greeting", "thanks"]
"""A greeting; or thanks, an agreement or a farewell, which are all answered alike."""

_WORD = re.compile(r"\w+")
_CLAUSE = re.compile(r"[^,;:.!?…\n؟،]*[,;:.!?…\n؟،][,;:.!?…\s؟،]*")
_THANKS_FOR = re.compile(r"(merci|thanks|thank you)( \w+){0,2}? (pour|for)( (?!(et|mais|and|but)\b)\w+){1,4}")

_GREETINGS = """
bonjour, bonsoir, salut, coucou, bjr, bsr, slt, cc, allo, ça va, ça va bien, comment ça va, comment vas-tu,
comment allez-vous, vous allez bien, tu vas bien, hello, hi, hey, good morning, good afternoon, good evening,
how are you, how are you doing, salam, salam aleykoum, salam alaykoum, salam aleikum, as-salam alaykum,
assalamou alaykoum, assalamou aleykoum, assalamu alaikum, السلام عليكم, سلام, مرحبا, أهلا, أهلا وسهلا,
صباح الخير, مساء الخير, كيف حالك,
привет, здравствуйте, здравствуй, добрый день, добрый вечер, доброе утро, как дела, a ni sogoma, i ni sogoma,
aw ni sogoma, a ni tile, i ni tile, aw ni tile, a ni wula, i ni wula, aw ni wula, a ni su, i ni su, aw ni su,
i ka kene, i ka kene wa, i ka kɛnɛ, i ka kɛnɛ wa, nanga def, na nga def, naka nga def, salaam aleekum, asalaa maalekum,
jam waali, sannu, jambo, habari, hola, buenos días, olá, bom dia, hallo, guten Tag, 👋
"""

_THANKS = """
merci, grand merci, mille mercis, mrc, thanks, thank you, thx, many thanks, شكرا, شكرا جزيلا, شكرا لك, спасибо,
большое спасибо, спасибо большое, i ni ce, a ni ce, aw ni ce, i ni cɛ, a ni cɛ, aw ni cɛ, jërëjëf, jërë jëf, jaaraama,
a jaaraama, na gode, asante, gracias, obrigado, obrigada, danke,
ok, okay, okey, d'accord, dac, dacc, très bien, parfait, super, bravo, génial, c'est bon, c'est noté, compris, entendu,
bien reçu, cool, top, nickel, excellent, ça marche, pas de souci, de rien,
oui, non, yes, no, great, perfect, got it, all right, نعم, حسنا, да, хорошо, ладно, waaw, ɔwɔ, awɔ,
au revoir, à bientôt, bonne journée, bonne soirée, bonne nuit, bye, bye bye, goodbye, good night, see you,
مع السلامة, до свидания, пока, k'an ben, k'an bɛn,
👍, 👌, 🙏, 👏, 💪, 🤝, ❤, 💯, ✅
"""

_FILLERS = """
monsieur, madame, messieurs, mesdames, kibaru, bot, à tous, à toutes, tout le monde, à vous, à toi, chers tous,
beaucoup, bcp, bien, infiniment, et, there, everyone, all, and, very much, so much, a lot, waay
"""
"""Words that may stand beside small talk and are none by themselves."""


def _phrases(*lists: tuple[SmallTalk | None, str]) -> Mapping[tuple[str, ...], SmallTalk | None]:
    return {tuple(_words(phrase)): kind for kind, written in lists for phrase in written.split(",")}


def _words(text: str) -> list[str]:
    """The folded words of a text; if it has none, its signs (emoji) without variations such as skin tone."""
    plain = fold(text)
    return _WORD.findall(plain) or [sign for sign in plain if not sign.isspace() and not is_combining(sign)]


_KNOWN = _phrases(("greeting", _GREETINGS), ("thanks", _THANKS), (None, _FILLERS))
_LONGEST = max(map(len, _KNOWN))


def small_talk_kind(text: str) -> SmallTalk | None:
    """Tell small talk from a question.

    Args:
        text: A whole message.

    Returns:
        The kind of small talk that the message consists of, or None when it is a question.
    """
    words, kinds, at = _words(text), set[SmallTalk | None](), 0
    if "?" not in text and _THANKS_FOR.fullmatch(" ".join(words)):  # "merci pour votre réponse rapide"
        return "thanks"
    while at < len(words):
        ends = range(min(at + _LONGEST, len(words)), at, -1)
        end = next((end for end in ends if tuple(words[at:end]) in _KNOWN), None)
        if end is None:
            return None
        kinds.add(_KNOWN[tuple(words[at:end])])
        at = end
    return "greeting" if "greeting" in kinds else "thanks" if "thanks" in kinds else None


def without_small_talk(question: str) -> str:
    """Remove the small talk before a question: "Merci ! Et quand ?" becomes "Et quand ?"."""
    while (clause := _CLAUSE.match(question)) and small_talk_kind(clause.group()):
        question = question[clause.end() :]
    return question
