"""Small talk is answered in kind, and is no question: it is not kept, and breaks no thread."""

from __future__ import annotations

from typing import Any

import pytest
from bot.test_bot_conversations import BRIDGE, api, archive, asked, awa, bot, quotes
from fakes.bot_api import BotApiServer, User

from kibaru.answering.small_talk import small_talk_kind, without_small_talk

__all__ = ["api", "archive", "awa", "bot"]  # fixtures

GREETING = "Bonjour ! Je réponds par les mots exacts de nos articles"
WELCOME = "À votre service !"


@pytest.mark.parametrize(
    "text",
    [
        "bonjour", "Bonjour !", "salut ça va ?", "Bonsoir à tous", "hi", "Hello there!", "How are you?", "👋🏿",
        "السلام عليكم", "مرحبًا", "Привет!", "a ni sogoma", "I ni sogoma", "nanga def", "Na nga def ?",
        "Bonjour, merci beaucoup à vous",
    ],
)  # fmt: skip
def test_greetings(text: str) -> None:
    assert small_talk_kind(text) == "greeting"


@pytest.mark.parametrize(
    "text",
    [
        "merci", "MERCI BEAUCOUP !", "merci 🙏", "Merci, c’est noté.", "ok", "OK 👍🏾", "d'accord merci", "thanks",
        "Thank you very much", "شكرًا", "спасибо", "i ni ce", "i ni cɛ", "jërëjëf", "Jerejef", "👍", "👍🏿👍🏿", "❤️",
        "Au revoir et bonne journée !", "oui", "non merci",
        "merci pour la réponse rapide", "Merci beaucoup pour ces infos !", "Thanks a lot for your help",
        "Merci bcp", "cool",
    ],
)  # fmt: skip
def test_thanks(text: str) -> None:
    assert small_talk_kind(text) == "thanks"


@pytest.mark.parametrize(
    "text",
    [
        "", "???", "😀😀", "Bonjour, qui a gagné la Coupe ?", "bonjour Kayes", "merci qui ?", "pourquoi ?",
        "et quand ?", "beaucoup", "Que veut dire « i ni ce » ?", "ok corral", "Salut les Aigles",
        "Non au troisième mandat", "ça va coûter combien ?", "l'eau", "la santé",
        "merci de me dire qui a gagné", "merci pour l'info mais qui a gagné", "merci pour qui ?",
    ],
)  # fmt: skip
def test_all_else_is_a_question(text: str) -> None:
    assert small_talk_kind(text) is None


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Bonjour, qui a gagné la Coupe ?", "qui a gagné la Coupe ?"),
        ("Salut ! Ça va ? Qui a gagné ?", "Qui a gagné ?"),
        ("Merci. Et quand ?", "Et quand ?"),
        ("Kayes, Ségou : qui a gagné ?", "Kayes, Ségou : qui a gagné ?"),
        ("bonjour qui a gagné", "bonjour qui a gagné"),
    ],
)
def test_a_question_is_asked_without_the_courtesies_before_it(text: str, question: str) -> None:
    assert without_small_talk(text) == question


def test_small_talk_is_answered_in_kind_and_not_kept(api: BotApiServer, awa: User, bot: Any) -> None:
    assert asked(api, awa, "bonjour").text.startswith(GREETING)
    for text in ("merci", "👍", "/ask i ni ce"):
        assert asked(api, awa, text).text.startswith(WELCOME)
    ann = api.user("Ann", language_code="en")
    assert asked(api, ann, "hi").text.startswith("Hello!")
    store = bot.bot_data["state"].service._store
    assert [store.forget(store.fingerprints("reader", reader.id)) for reader in (awa, ann)] == [0, 0]


def test_a_follow_up_goes_on_from_the_question_before_the_thanks(api: BotApiServer, awa: User) -> None:
    asked(api, awa, "Quand le pont de Diallassagou a-t-il rouvert ?")
    for text in ("merci", "ok"):
        assert asked(api, awa, text).text.startswith(WELCOME)
    assert "Diallassagou" in asked(api, awa, "et combien ça a coûté ?").text
    assert "Diallassagou" in asked(api, awa, "Merci ! Et quand ?").text


def test_a_greeting_before_a_question_is_left_out_of_it(api: BotApiServer, awa: User) -> None:
    assert quotes(asked(api, awa, f"Bonjour, {BRIDGE}")) == quotes(asked(api, awa, BRIDGE))


def test_a_question_edited_into_thanks_keeps_its_answer(api: BotApiServer, awa: User) -> None:
    question = api.say(awa, awa, BRIDGE)
    answer = api.answer_to(question, timeout=10)
    api.edit(awa, question, "merci")
    api.quiet(0.5)
    assert api.current(answer).text == answer.text
    assert len(api.answers_to(question)) == 1


def test_in_groups_thanks_are_for_the_bot_when_it_is_spoken_to(api: BotApiServer, awa: User) -> None:
    group = api.group("Rédaction", members=[awa])
    api.say(awa, group, "merci")
    api.quiet(0.3)
    assert api.messages(group, from_bot=True) == []
    thanked = api.say(awa, group, f"@{api.username} merci")
    assert api.answer_to(thanked, timeout=10).text.startswith(WELCOME)


def test_inline_small_talk_shows_nothing(api: BotApiServer, awa: User) -> None:
    inline = api.inline(awa, "bonjour")
    api.wait_for(lambda: inline.answered, timeout=10)
    assert inline.results == []
    assert inline.answer["button"] is None
