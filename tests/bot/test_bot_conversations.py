"""Conversations with the running bot, over HTTP, as a reader has them. Run with `-s` to read them as transcripts."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.bot_api import BotApiServer, Message, User
from pydantic import SecretStr
from telegram.error import TelegramError

from kibaru.archive import Kibaru
from kibaru.ingest.article import make_article
from kibaru_bot.app import UPDATES, build
from kibaru_bot.settings import BotSettings

ADMIN = 4242
ADMINS = tuple(range(ADMIN, ADMIN + 40))
"""One for each test, so that none waits for the flood limits of another."""

BRIDGE = "Combien a coûté la réparation du pont de Diallassagou ?"
NOWHERE = "Qui a gagné la Coupe du monde 1998 ?"


@contextmanager
def running(settings: BotSettings, act: Callable[[Any], None] = lambda _: None) -> Iterator[Any]:
    """The bot, polling in a thread of its own until the block ends; then stopped as by SIGTERM."""
    application = build(settings)
    act(application)
    loop = asyncio.new_event_loop()
    started, stop = threading.Event(), asyncio.Event()

    def failed(error: TelegramError) -> None:  # as `run_polling` does it
        application.create_task(application.process_error(None, error))

    async def run() -> None:
        async with application:
            await application.post_init(application)
            await application.start()
            await application.updater.start_polling(allowed_updates=UPDATES, timeout=2, error_callback=failed)
            started.set()
            await stop.wait()
            await application.updater.stop()
            await application.stop()
            await application.post_stop(application)
        await application.post_shutdown(application)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert started.wait(60)
    try:
        yield application
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive()
        loop.close()


def settings_for(api: BotApiServer, folder: Path, **others: Any) -> BotSettings:
    given = {"telegram_api": api.url, "admins": ADMINS, "newsroom": "Kibaru & fils", "questions_per_minute": 100}
    return BotSettings(index=folder, TELEGRAM_BOT_TOKEN=SecretStr(api.token), **(given | others))


@pytest.fixture(scope="module")
def archive(sample_folder: Path) -> Path:
    """The sample articles, indexed; to be read and copied."""
    return sample_folder


@pytest.fixture(scope="module")
def api() -> Iterator[BotApiServer]:
    with BotApiServer() as server:
        yield server
        assert server.too_many == 0


@pytest.fixture(scope="module")
def bot(api: BotApiServer, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("bot") / "index"
    shutil.copytree(archive, folder)
    with running(settings_for(api, folder)) as application:
        yield application


_names = iter(range(1, 10_000))


@pytest.fixture
def awa(api: BotApiServer, bot: Any) -> Iterator[User]:
    reader = api.user(f"Awa {next(_names)}", language_code="fr")
    yield reader
    print(api.transcript(reader))
    mine = (reader.id, str(reader.id))
    refused = [call for call in api.refused() if call.status == 400 and call.params.get("chat_id") in mine]
    assert refused == []


def asked(api: BotApiServer, reader: User, text: str) -> Message:
    return api.answer_to(api.say(reader, reader, text), timeout=10)


def quotes(message: Message) -> list[str]:
    raw = message.text.encode("utf-16-le")
    return [
        raw[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")
        for e in message.entities
        if e["type"] == "expandable_blockquote"
    ]


def test_a_question_is_answered_with_quotes_and_their_source(api: BotApiServer, awa: User, archive: Path) -> None:
    answer = asked(api, awa, BRIDGE)
    texts = [article.text for article in _articles(archive)]
    assert quotes(answer)
    assert all(any(quote in text for text in texts) for quote in quotes(answer))
    assert {e["type"] for e in answer.entities} >= {"expandable_blockquote", "bold", "text_link"}
    assert "Diallassagou" in answer.text
    assert "kibaru.example" in answer.text
    assert "2025" in answer.text
    assert any("Utile" in label for label in answer.labels)
    (opened,) = [button["url"] for row in answer.buttons for button in row if "url" in button]
    assert opened.startswith("https://kibaru.example/")


def test_typing_comes_first_and_the_answer_replies(api: BotApiServer, awa: User) -> None:
    question = api.say(awa, awa, BRIDGE)
    answer = api.answer_to(question, timeout=10)
    assert answer.reply_to == question.id
    calls = [call.method for call in api.calls if str(call.params.get("chat_id")) == str(awa.id)]
    assert calls == ["sendChatAction", "sendMessage"]


def test_a_refusal_offers_leads_and_is_kept(api: BotApiServer, awa: User, bot: Any) -> None:
    answer = asked(api, awa, NOWHERE)
    assert answer.text.startswith("Les articles ne le disent pas.")
    assert any(e["type"] == "text_link" for e in answer.entities)
    kept = bot.bot_data["state"].service._store.questions.unanswered()
    assert kept[0].question == NOWHERE


@pytest.mark.parametrize("command", ["/start", "/help"])
def test_examples_are_buttons_that_are_answered(api: BotApiServer, awa: User, command: str) -> None:
    start = asked(api, awa, command)
    assert len(start.labels) == 3
    before = len(api.messages(awa, from_bot=True))
    api.press(awa, start, start.labels[0])
    api.wait_for(lambda: len(api.messages(awa, from_bot=True)) >= before + 2, timeout=10)
    question, answer = api.messages(awa, from_bot=True)[before:][:2]
    assert question.text.startswith(("Que sait-on", "What is known"))
    assert quotes(answer)


def test_examples_are_in_the_language_of_the_reader(api: BotApiServer, awa: User) -> None:
    french, english = asked(api, awa, "/start"), asked(api, api.user("Ann", language_code="en"), "/start")
    assert all(label.startswith("Que sait-on de ceci") for label in french.labels)
    assert all(label.startswith("What is known about this") for label in english.labels)


def test_latest_about_language_new_forget(api: BotApiServer, awa: User) -> None:
    assert asked(api, awa, "/latest").text.startswith("Les derniers articles")
    about = asked(api, awa, "/about").text
    assert "Kibaru & fils" in about
    assert "18 articles" in about
    language = asked(api, awa, "/language")
    api.press(awa, language, "English")
    api.wait_for(lambda: "English" in api.current(language).text)
    assert asked(api, awa, "/new").text.startswith("All right")
    asked(api, awa, BRIDGE)
    assert "1 of your questions" in asked(api, awa, "/forget").text
    assert asked(api, awa, "/new").text.startswith("Bien")


def test_more_passages_and_votes_edit_in_place(api: BotApiServer, awa: User, bot: Any) -> None:
    answer = asked(api, awa, "Combien coûte le kilo de noix de cajou ?")
    more = next((label for label in answer.labels if "passages" in label), None)
    assert more, answer.labels
    press = api.press(awa, answer, more)
    api.wait_for(lambda: press.answered)
    api.quiet(0.3)
    current = api.current(answer)
    assert quotes(current) != quotes(answer) or press.text
    unhelpful = next(label for label in current.labels if "Pas utile" in label)
    vote = api.press(awa, current, unhelpful)
    api.wait_for(lambda: vote.answered)
    assert "rédaction" in (vote.text or "")
    api.quiet(0.3)
    assert not any("tile" in label for label in api.current(answer).labels)
    assert any("noix de cajou" in each.question for each in bot.bot_data["state"].service._store.questions.unanswered())


def test_follow_ups_and_a_change_of_subject(api: BotApiServer, awa: User) -> None:
    asked(api, awa, "Quand le pont de Diallassagou a-t-il rouvert ?")
    assert "Diallassagou" in asked(api, awa, "et combien ça a coûté ?").text
    assert "cajou" in asked(api, awa, "Et le prix du cajou à Banfora ?").text
    assert asked(api, awa, "Et la météo à Reykjavik ?").text.startswith("Les articles ne le disent pas")
    asked(api, awa, "/new")
    assert "Diallassagou" not in asked(api, awa, "pourquoi ?").text


def test_articles_added_by_another_process_are_found(api: BotApiServer, awa: User, bot: Any) -> None:
    assert "phare" not in asked(api, awa, "Quand le phare de Nouakchott-Plage sera-t-il repeint ?").text
    with Kibaru(BotSettings(index=bot.bot_data["state"].settings.index)) as other:
        text = (
            "Le phare de Nouakchott-Plage sera repeint en rouge et blanc le 12 mars 2026, dit M. Sidi Ould Khairy-Bâ."
        )
        list(other.add([make_article(title="Un phare repeint", text=text)]))
        other.rebuild()
    assert "12 mars 2026" in asked(api, awa, "Quand le phare de Nouakchott-Plage sera-t-il repeint ?").text
    assert "Diallassagou" in asked(api, awa, BRIDGE).text


def test_an_edited_question_edits_its_answer(api: BotApiServer, awa: User) -> None:
    question = api.say(awa, awa, NOWHERE)
    answer = api.answer_to(question, timeout=10)
    count = len(api.messages(awa, from_bot=True))
    api.edit(awa, question, BRIDGE)
    assert "Diallassagou" in api.wait_edit(answer, timeout=10).text
    assert len(api.messages(awa, from_bot=True)) == count


def test_other_than_text_gets_a_kind_sentence(api: BotApiServer, awa: User) -> None:
    for kind in ("voice", "photo", "sticker"):
        assert "que le texte" in api.answer_to(api.send_file(awa, awa, f"x.{kind}", b"x", kind=kind)).text
    captioned = api.send_file(awa, awa, "pont.jpg", b"x", kind="photo", caption="/ask")
    assert "que le texte" in api.answer_to(captioned).text


def test_a_picture_with_a_question_under_it_is_answered(api: BotApiServer, awa: User) -> None:
    captioned = api.send_file(awa, awa, "pont.jpg", b"x", kind="photo", caption=BRIDGE)
    assert "Diallassagou" in api.answer_to(captioned, timeout=10).text
    group = api.group("Rédaction", members=[awa])
    api.send_file(awa, group, "pont.jpg", b"x", kind="photo", caption=BRIDGE)
    api.quiet(0.5)
    assert api.messages(group, from_bot=True) == []
    mentioned = api.send_file(awa, group, "pont.jpg", b"x", kind="photo", caption=f"@{api.username} {BRIDGE}")
    assert "Diallassagou" in api.answer_to(mentioned, timeout=10).text


def test_a_command_may_end_its_line(api: BotApiServer, awa: User) -> None:
    assert "Diallassagou" in asked(api, awa, f"/ask\n{BRIDGE}").text
    assert "/ask" in asked(api, awa, "/ask").text


def test_pressing_what_is_no_button_of_ours_does_nothing(
    api: BotApiServer, awa: User, caplog: pytest.LogCaptureFixture
) -> None:
    answer = asked(api, awa, BRIDGE)
    live = api._live(answer)
    for data in (
        "m:x:1",
        "m:1",
        f"m:{'9' * 50}:0",
        "v:1:2",
        "l:",
        "p:yes:1",
        "al:0:",
        "ay:1",
        "uc:",
        "\U0001f600",
        "zz",
    ):
        with api.world.changed:
            api._press(awa, live, {"text": "?", "callback_data": data})
    assert "Diallassagou" in asked(api, awa, BRIDGE).text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_what_is_forwarded_is_a_question(api: BotApiServer, awa: User) -> None:
    forwarded = api.say(awa, awa, BRIDGE, forward_from="Quelqu'un")
    assert "Diallassagou" in api.answer_to(forwarded, timeout=10).text


def test_nonsense_and_long_questions_are_told_what_works(api: BotApiServer, awa: User) -> None:
    assert "quelques mots" in asked(api, awa, "???").text
    asked(api, awa, BRIDGE)
    assert "quelques mots" in asked(api, awa, "\U0001f600\U0001f600").text
    assert "trop longue" in asked(api, awa, "pont " * 500).text
    assert "commande" in asked(api, awa, "/nothing").text
    assert asked(api, awa, "/status").text == asked(api, awa, "/nothing").text
    asked(api, awa, '<b>"&</blockquote> pont ?')


def test_in_groups_it_speaks_when_spoken_to(api: BotApiServer, awa: User) -> None:
    group = api.group("Rédaction", members=[awa])
    api.say(awa, group, BRIDGE)
    api.quiet(0.5)
    assert api.messages(group, from_bot=True) == []
    answer = api.answer_to(api.say(awa, group, f"@{api.username} {BRIDGE}"), timeout=10)
    assert "Diallassagou" in answer.text
    assert "Diallassagou" in api.answer_to(api.say(awa, group, f"/ask {BRIDGE}"), timeout=10).text
    reply = api.say(awa, group, "Et quand ?", reply_to=answer)
    assert "Diallassagou" in api.answer_to(reply, timeout=10).text


def test_in_topics_it_answers_in_the_topic(api: BotApiServer, awa: User) -> None:
    forum = api.group("Forum", members=[awa], forum=True)
    topic = api.topic(forum, "Ponts")
    answer = api.answer_to(api.say(awa, forum, f"@{api.username} {BRIDGE}", topic=topic), timeout=10)
    assert answer.thread_id == topic
    assert answer.raw["is_topic_message"]
    typing = [call.params for call in api.calls_of("sendChatAction") if str(call.params["chat_id"]) == str(forum.id)]
    assert [str(each["message_thread_id"]) for each in typing] == [str(topic)]
    other = api.topic(forum, "Marchés")
    api.say(awa, forum, "Et les prix ?", topic=topic)
    assert api.answer_to(api.say(awa, forum, "/ask et quand ?", topic=topic), timeout=10).thread_id == topic
    elsewhere = api.answer_to(api.say(awa, forum, "/ask et quand ?", topic=other), timeout=10)
    assert elsewhere.thread_id == other
    assert "Diallassagou" not in elsewhere.text
    print(api.transcript(forum))


def test_under_a_channels_posts_it_answers_in_the_comments(api: BotApiServer, awa: User) -> None:
    group = api.group("Discussion", members=[awa])
    channel = api.channel("Journal", linked=group, bot_admin=True)
    post = api.post(channel, f"@{api.username} {BRIDGE}")
    command = api.post(channel, f"/ask {BRIDGE}")
    api.say(awa, group, BRIDGE, reply_to=post)
    api.quiet(0.5)
    assert api.messages(group, from_bot=True) == api.messages(channel, from_bot=True) == []
    comment = api.say(awa, group, f"@{api.username} {BRIDGE}", reply_to=post)
    answer = api.answer_to(comment, timeout=10)
    assert (answer.thread_id, answer.reply_to) == (post.id, comment.id)
    assert "Diallassagou" in answer.text
    asks = api.say(awa, group, "/ask", reply_to=command)
    assert api.answer_to(asks, timeout=10).thread_id == command.id
    print(api.transcript(group))


def test_anonymous_admins_and_channels_are_readers_of_their_own(api: BotApiServer, bot: Any) -> None:
    group, other = api.group("Rédaction"), api.group("Marché")
    channel = api.channel("Journal")
    anonymous = User(1_087_968_824, "Group", "GroupAnonymousBot", is_bot=True)
    as_channel = User(136_817_688, "Channel", "Channel_Bot", is_bot=True)
    for user, place, sender in ((anonymous, group, group), (anonymous, other, other), (as_channel, group, channel)):
        said = api.say(user, place, f"@{api.username} {BRIDGE}", sender_chat=sender.json())
        assert "Diallassagou" in api.answer_to(said, timeout=10).text
    forgotten = api.answer_to(api.say(anonymous, group, "/forget", sender_chat=group.json()))
    assert "1 de vos questions" in forgotten.text
    store = bot.bot_data["state"].service._store
    for chat in (other, channel):
        assert store.forget(store.fingerprints("reader", chat.id)) == 1


def test_inline_offers_passages_to_post(api: BotApiServer, awa: User, archive: Path) -> None:
    inline = api.inline(awa, BRIDGE)
    api.wait_for(lambda: inline.answered and inline.results, timeout=10)
    group = api.group("Amis", members=[awa])
    posted = api.choose(inline, inline.results[0]["id"], group)
    (quote,) = quotes(posted)
    assert any(quote in article.text for article in _articles(archive))
    assert any(e["type"] == "text_link" for e in posted.entities)
    assert "Diallassagou" in posted.text
    refused = api.inline(awa, NOWHERE)
    api.wait_for(lambda: refused.answered, timeout=10)
    assert refused.answer["button"]["text"] == "Les articles ne le disent pas"
    assert "expandable_blockquote" not in str(refused.results)
    signs = api.inline(awa, "\U0001f600" * 3)
    api.wait_for(lambda: signs.answered, timeout=10)
    assert signs.results == []
    assert signs.answer["button"]["text"] == "Écrivez votre question en quelques mots"
    short = api.inline(awa, "po")
    api.wait_for(lambda: short.answered, timeout=10)
    assert short.results == []
    api.quiet(0.3)
    assert api.messages(group, from_bot=True) == []
    print(api.transcript(group))


def test_english_readers_are_spoken_to_in_english(api: BotApiServer, bot: Any) -> None:
    ann = api.user("Ann", language_code="en-GB")
    assert asked(api, ann, "/start").text.startswith("Hello!")
    assert asked(api, ann, NOWHERE).text.startswith("The articles don't say.")


def test_menus_are_by_scope_and_language(api: BotApiServer, awa: User) -> None:
    names = [command["command"] for command in api.commands_for(awa, awa)]
    assert names == ["start", "help", "latest", "about", "language", "new", "forget"]
    group = api.group("Amis", members=[awa])
    assert [command["command"] for command in api.commands_for(awa, group)] == ["ask", "latest", "help"]
    ann = api.user("Ann", language_code="en")
    french, english = (api.commands_for(reader)[0]["description"] for reader in (awa, ann))
    assert (french, english) == ("Commencer", "Begin")
    for field in ("description", "short_description"):
        assert "articles" in api.profile(field, "fr")
        assert api.profile(field) == api.profile(field, "fr") != api.profile(field, "en")


def _articles(folder: Path) -> list[Any]:
    with Kibaru(BotSettings(index=folder)) as kibaru:
        return list(kibaru.store.articles())
