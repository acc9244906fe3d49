"""The strict Bot API server refuses what Telegram refuses, as seen by python-telegram-bot."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from html import escape
from typing import Any

import httpx
import pytest
import tornado.httpserver
import tornado.web
from fakes.bot_api import BotApiServer, FloodLimits, User
from fakes.bot_api.flood import FloodGate
from fakes.bot_api.markup import clean, parse_html
from fakes.bot_api.utf16 import cut, length
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.ext import Application, ApplicationBuilder, ContextTypes, MessageHandler, filters
from telegram.request import HTTPXRequest


class Client:
    """python-telegram-bot's ``Bot`` with its real network stack, called from plain tests."""

    def __init__(self, api: BotApiServer, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.bot = Bot(api.token, base_url=api.base_url, base_file_url=api.base_file_url)

    def __call__(self, ask: Callable[[Bot], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            return await ask(self.bot)

        return self.runner.run(main())


@pytest.fixture
def api() -> Iterator[BotApiServer]:
    with BotApiServer(limits=FloodLimits.off()) as server:
        yield server


@pytest.fixture
def do(api: BotApiServer) -> Iterator[Client]:
    with asyncio.Runner() as runner:
        client = Client(api, runner)
        client(lambda bot: bot.initialize())
        yield client
        client(lambda bot: bot.shutdown())


@pytest.fixture
def awa(api: BotApiServer) -> User:
    user = api.user("Awa", language_code="fr")
    api.say(user, user, "/start")
    return user


def keyboard(**button: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Suite ▸", **button)]])


def test_html_gives_text_and_entities(api: BotApiServer, do: Client, awa: User) -> None:
    source = '<b>É😀</b> &lt;a&gt; <a href="https://mali.ml/?a=1&amp;b=2">lien</a> '
    source += "<blockquote expandable>« oui »</blockquote>"
    sent = do(lambda bot: bot.send_message(awa.id, source, parse_mode="HTML"))
    kept = api.messages(awa)[-1]
    assert kept.text == sent.text == "É😀 <a> lien « oui »"
    assert [(e["type"], cut(kept.text, e["offset"], e["length"])) for e in kept.entities] == [
        ("bold", "É😀"),
        ("text_link", "lien"),
        ("expandable_blockquote", "« oui »"),
    ]
    assert kept.entities[0]["length"] == 3
    assert kept.entities[1]["url"] == "https://mali.ml/?a=1&b=2"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<b>gras", 'can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>x</b></i>", 'unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("é</b>", "unexpected end tag at byte offset 2"),
        ("<div>x</div>", 'unsupported start tag "div" at byte offset 0'),
        ("3 < 4", 'unsupported start tag "" at byte offset 2'),
        ("a <b", "unclosed start tag at byte offset 2"),
        ("<a href>x</a>", "expected equal sign"),
        ("<a href=x:y>x</a>", "unexpected end of name token"),
        ('<a ="x">x</a>', 'empty attribute name in the tag "a"'),
        ("<span>x</span>", 'tag "span" must have class "tg-spoiler"'),
        ("a&nbsp;b", "unsupported html entity"),
        ("AT&T", "unsupported html entity"),
    ],
)
def test_bad_html_is_refused(do: Client, awa: User, source: str, reason: str) -> None:
    with pytest.raises(BadRequest) as caught:
        do(lambda bot: bot.send_message(awa.id, source, parse_mode="HTML"))
    assert str(caught.value).lower().startswith("can't parse entities: ")
    assert reason in str(caught.value).lower()


def test_only_strict_mode_refuses_a_bare_ampersand() -> None:
    assert parse_html("AT&T &nbsp;", strict=False).text == "AT&T &nbsp;"


def test_nested_tags() -> None:
    found = parse_html('<pre><code class="language-python">x = <b>1</b></code></pre><code class="language-c">y</code>')
    assert [(e["type"], e.get("language")) for e in found.entities] == [("pre", "python"), ("code", None)]
    quoted = parse_html("<blockquote>a <blockquote>b</blockquote> <tg-spoiler>c</tg-spoiler></blockquote>")
    assert [e["type"] for e in quoted.entities] == ["blockquote", "spoiler"]
    assert parse_html('<a href="not a url">mots</a>').entities == []


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_escaped_text_comes_back(text: str) -> None:
    text = clean("".join(char for char in text if char == "\n" or char.isprintable()))
    found = parse_html(f"|<b>{escape(text)}</b>|")
    assert found.text == f"|{text}|"
    if text.strip():
        assert cut(found.text, found.entities[0]["offset"], found.entities[0]["length"]) == text


def test_text_limits_are_utf16_units_after_parsing(do: Client, awa: User) -> None:
    fits = "<b>" + "😀" * 2048 + "</b>"
    assert length(do(lambda bot: bot.send_message(awa.id, fits, parse_mode="HTML")).text) == 4096
    for text in ("😀" * 2049, "x" * 4097):
        with pytest.raises(BadRequest, match="Message is too long"):
            do(lambda bot, text=text: bot.send_message(awa.id, text))
    with pytest.raises(BadRequest, match="Message text is empty"):
        do(lambda bot: bot.send_message(awa.id, ""))
    with pytest.raises(BadRequest, match="Text must be non-empty"):
        do(lambda bot: bot.send_message(awa.id, "<b> \n</b>", parse_mode="HTML"))
    with pytest.raises(BadRequest, match="Unsupported parse_mode"):
        do(lambda bot: bot.send_message(awa.id, "*x*", parse_mode="MarkdownV2"))


def test_entities_beyond_the_hundredth_are_dropped(api: BotApiServer, do: Client, awa: User) -> None:
    do(lambda bot: bot.send_message(awa.id, "<b>x</b> " * 130, parse_mode="HTML"))
    assert len(api.messages(awa)[-1].entities) == 100


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        ({"callback_data": "é" * 33}, "Button_data_invalid"),
        ({"callback_data": ""}, "Button_data_invalid|Text buttons are unallowed"),
        ({"url": "http://nowhere"}, "inline keyboard button URL 'http://nowhere' is invalid: Wrong HTTP URL"),
        ({"url": "gopher://x.org"}, "Unsupported URL protocol"),
        ({}, "Text buttons are unallowed in the inline keyboard"),
    ],
)
def test_bad_buttons_are_refused(do: Client, awa: User, button: dict[str, str], reason: str) -> None:
    with pytest.raises(BadRequest, match=r"(?i)" + reason):
        do(lambda bot: bot.send_message(awa.id, "x", reply_markup=keyboard(**button)))


def test_edits(api: BotApiServer, do: Client, awa: User) -> None:
    sent = do(lambda bot: bot.send_message(awa.id, "un", reply_markup=keyboard(callback_data="p:2")))
    seen = api.messages(awa)[-1]
    assert seen.labels == ["Suite ▸"]
    with pytest.raises(BadRequest, match="Message is not modified"):
        do(lambda bot: bot.edit_message_text("un", awa.id, sent.id, reply_markup=keyboard(callback_data="p:2")))
    with pytest.raises(BadRequest, match="Message is not modified"):
        do(lambda bot: bot.edit_message_reply_markup(awa.id, sent.id, reply_markup=keyboard(callback_data="p:2")))
    do(lambda bot: bot.edit_message_text("deux", awa.id, sent.id))
    now = api.wait_edit(seen)
    assert (now.text, now.labels, now.versions) == ("deux", [], ["un"])
    with pytest.raises(BadRequest, match=r"(?i)message_too_long"):
        do(lambda bot: bot.edit_message_text("x" * 4097, awa.id, sent.id))
    with pytest.raises(BadRequest, match="Message to edit not found"):
        do(lambda bot: bot.edit_message_text("x", awa.id, 999))
    with pytest.raises(BadRequest, match="Message can't be edited"):
        do(lambda bot: bot.edit_message_text("x", awa.id, api.messages(awa)[0].id))
    do(lambda bot: bot.delete_message(awa.id, sent.id))
    assert [m.text for m in api.messages(awa)] == ["/start"]
    with pytest.raises(BadRequest, match="Message to delete not found"):
        do(lambda bot: bot.delete_message(awa.id, sent.id))


def test_chats_and_replies(api: BotApiServer, do: Client, awa: User) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        do(lambda bot: bot.send_message(api.user("Inconnu").id, "x"))
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        do(lambda bot: bot.send_message(awa.id, "x", reply_to_message_id=999))
    lenient = ReplyParameters(999, allow_sending_without_reply=True)
    assert do(lambda bot: bot.send_message(awa.id, "x", reply_parameters=lenient)).reply_to_message is None
    question = api.say(awa, awa, "Qui ?")
    do(lambda bot: bot.send_message(awa.id, "Elle", reply_to_message_id=question.id))
    assert api.answer_to(question).text == "Elle"
    assert [m.text for m in api.answers_to(question)] == ["Elle"]
    api.block(awa)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        do(lambda bot: bot.send_message(awa.id, "x"))


def test_tokens_and_unknown_methods(api: BotApiServer, do: Client, awa: User) -> None:
    async def who_am_i(token: str) -> Any:
        async with HTTPXRequest() as request:
            return await Bot(token, base_url=api.base_url, request=request).get_me()

    assert asyncio.run(who_am_i(api.token)).username == "kibaru_bot"
    for token in ("7000000001:AAanotherTokenThatLooksQuiteGenuine99", "nonsense"):
        with pytest.raises(InvalidToken):
            asyncio.run(who_am_i(token))
    with pytest.raises(InvalidToken):
        do(lambda bot: bot.send_poll(awa.id, "Oui ?", ["a", "b"]))
    answer = httpx.get(f"{api.base_url}{api.token}/sendPoll")
    assert (answer.status_code, answer.json()["description"]) == (404, "Not Found: method not found")
    assert httpx.get(f"{api.url}/elsewhere").json()["description"] == "Not Found"


def test_get_updates_offsets(api: BotApiServer, do: Client, awa: User) -> None:
    api.say(awa, awa, "deux")
    first = do(lambda bot: bot.get_updates(timeout=0))
    assert [u.message.text for u in first] == ["/start", "deux"]
    assert first[0].message.entities[0].type == "bot_command"
    assert len(do(lambda bot: bot.get_updates(timeout=0))) == 2, "unconfirmed: delivered again"
    assert len(do(lambda bot: bot.get_updates(offset=first[1].update_id, timeout=0))) == 1
    assert do(lambda bot: bot.get_updates(offset=first[1].update_id + 1, timeout=0)) == ()
    assert api.pending == []
    threading.Timer(0.15, lambda: api.say(awa, awa, "trois")).start()
    assert do(lambda bot: bot.get_updates(timeout=5))[0].message.text == "trois"


def test_a_second_poll_ends_the_first(api: BotApiServer, do: Client) -> None:
    async def two(bot: Bot) -> list[Any]:
        first = asyncio.create_task(bot.get_updates(timeout=5))
        await asyncio.sleep(0.1)
        return await asyncio.gather(first, httpx_get(f"{api.base_url}{api.token}/getUpdates"), return_exceptions=True)

    async def httpx_get(url: str) -> Any:
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).json()

    first, second = do(two)
    assert isinstance(first, Conflict)
    assert second == {"ok": True, "result": []}


def test_callback_queries(api: BotApiServer, do: Client, awa: User) -> None:
    do(lambda bot: bot.send_message(awa.id, "un", reply_markup=keyboard(callback_data="p:2")))
    message = api.messages(awa)[-1]
    press = api.press(awa, message, "Suite")
    update = do(lambda bot: bot.get_updates(timeout=0))[-1]
    assert (update.callback_query.data, update.callback_query.message.message_id) == ("p:2", message.id)
    with pytest.raises(BadRequest, match=r"(?i)message_too_long"):
        do(lambda bot: bot.answer_callback_query(press.id, "x" * 201))
    do(lambda bot: bot.answer_callback_query(press.id, "Merci"))
    assert (press.answered, press.text) == (True, "Merci")
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
        do(lambda bot: bot.answer_callback_query(press.id))
    api.world.callback_seconds = 0
    late = api.press(awa, message, "Suite ▸")
    with pytest.raises(BadRequest, match="Query is too old"):
        do(lambda bot: bot.answer_callback_query(late.id))
    with pytest.raises(LookupError):
        api.press(awa, message, "Retour")


def article(result_id: str, text: str = "<b>x</b>") -> InlineQueryResultArticle:
    return InlineQueryResultArticle(result_id, "Titre", InputTextMessageContent(text, parse_mode="HTML"))


def test_inline_queries(api: BotApiServer, do: Client, awa: User) -> None:
    asked = api.inline(awa, "mines")
    assert do(lambda bot: bot.get_updates(timeout=0))[-1].inline_query.query == "mines"

    def answer(results: list[Any]) -> Any:
        # straight to the method: the library's own checks would hide the server's
        return do(lambda bot: bot._post("answerInlineQuery", {"inline_query_id": asked.id, "results": results}))

    for results, reason in [
        ([article(str(n)) for n in range(51)], "RESULTS_TOO_MUCH"),
        ([article("1"), article("1")], "RESULT_ID_DUPLICATE"),
        ([article("é" * 33)], "RESULT_ID_INVALID"),
        ([article("1", "<b>x")], "can't parse entities"),
    ]:
        with pytest.raises(BadRequest, match=f"(?i){reason}"):
            answer(results)
    answer([article("1"), article("2")])
    assert asked.answered
    assert [r["title"] for r in asked.results] == ["Titre", "Titre"]
    assert api.choose(asked, "2", awa).entities[0]["type"] == "bold"
    with pytest.raises(BadRequest, match="Query is too old"):
        answer([])


def test_flood_limits(api: BotApiServer, do: Client, awa: User) -> None:
    api.limits = FloodLimits(private_burst=3, group_per_minute=2)
    group = api.group("Rédaction", members=[awa])
    for chat, passing in ((awa.id, 3), (group.id, 2)):
        for _ in range(passing):
            do(lambda bot, chat=chat: bot.send_message(chat, "x"))
        with pytest.raises(RetryAfter):
            do(lambda bot, chat=chat: bot.send_message(chat, "x"))
    assert api.too_many == 2
    waits = [call.response["parameters"]["retry_after"] for call in api.refused()]
    assert waits[0] == 1
    assert 20 <= waits[1] <= 30


def test_limits_refill_evenly() -> None:
    now = [0.0]
    gate = FloodGate(FloodLimits(private_burst=2), clock=lambda: now[0])
    assert [gate.retry_after(1) for _ in range(3)] == [0, 0, 1]
    passed = 0
    while now[0] < 20:
        now[0] += 0.1
        passed += gate.retry_after(1) == 0
    assert passed == 20
    assert sum(gate.retry_after(chat) == 0 for chat in range(100, 200)) == 45, "30 and half a second of grace"


def test_ordered_faults(api: BotApiServer, do: Client, awa: User) -> None:
    api.fail("sendMessage", status=500)
    api.fail("sendMessage", retry_after=7)
    api.fail("sendMessage", drop=True)
    api.fail("sendMessage", drop_after=True)
    api.fail("sendMessage", delay=0.5)
    send = lambda bot: bot.send_message(awa.id, "x", read_timeout=0.2)  # noqa: E731
    for error in (NetworkError, RetryAfter, NetworkError, NetworkError, TimedOut):
        with pytest.raises(error):
            do(send)
    api.wait_for(lambda: len(api.messages(awa, from_bot=True)) == 2, what="those after which the line was cut")
    assert do(send).text == "x"
    assert api.too_many == 0


def test_an_update_may_come_twice(api: BotApiServer, do: Client, awa: User) -> None:
    update = do(lambda bot: bot.get_updates(timeout=0))[0]
    api.redeliver(api.pending[0])
    twice = do(lambda bot: bot.get_updates(offset=update.update_id + 1, timeout=0))
    assert [again.update_id for again in twice] == [update.update_id]
    assert do(lambda bot: bot.get_updates(offset=update.update_id + 1, timeout=0)) == ()


def test_a_group_is_upgraded(api: BotApiServer, do: Client, awa: User) -> None:
    old = api.group("Rédaction", members=[awa], basic=True)
    new = api.upgrade(old)
    with pytest.raises(ChatMigrated) as caught:
        do(lambda bot: bot.send_message(old.id, "x"))
    assert caught.value.new_chat_id == new.id
    assert do(lambda bot: bot.send_message(new.id, "x")).chat.type == "supergroup"
    assert [u.message.migrate_to_chat_id for u in do(lambda bot: bot.get_updates(timeout=0))][-2] == new.id


def test_files(api: BotApiServer, do: Client, awa: User) -> None:
    api.send_file(awa, awa, "article.docx", b"\x00\xffPK", caption="Titre")
    document = do(lambda bot: bot.get_updates(timeout=0))[-1].message.document

    async def download(bot: Bot) -> bytes:
        return bytes(await (await bot.get_file(document.file_id)).download_as_bytearray())

    assert (document.file_name, do(download)) == ("article.docx", b"\x00\xffPK")
    api.send_file(awa, awa, "film.pdf", b"x", size=21 * 1024 * 1024)
    big = do(lambda bot: bot.get_updates(timeout=0))[-1].message.document
    with pytest.raises(BadRequest, match="File is too big"):
        do(lambda bot: bot.get_file(big.file_id))
    do(lambda bot: bot.send_document(awa.id, b"a;b\n", caption="<b>csv</b>", parse_mode="HTML", filename="q.csv"))
    sent = api.messages(awa)[-1]
    assert (sent.document or {})["file_name"] == "q.csv"
    assert (api.file(sent), sent.text) == (b"a;b\n", "csv")
    with pytest.raises(BadRequest, match="File must be non-empty"):
        do(lambda bot: bot.send_document(awa.id, b"", filename="q.csv"))
    for kind in ("voice", "photo", "sticker", "audio", "video", "video_note", "animation"):
        api.send_file(awa, awa, "f.bin", b"x", kind=kind)
        assert getattr(do(lambda bot: bot.get_updates(timeout=0))[-1].message, kind)


def test_commands_by_scope_and_language(api: BotApiServer, do: Client, awa: User) -> None:
    group = api.group("Rédaction", members=[awa])
    ada = api.user("Ada", language_code="en")

    async def register(bot: Bot) -> None:
        await bot.set_my_commands([BotCommand("help", "Help")])
        await bot.set_my_commands([BotCommand("help", "Aide")], language_code="fr")
        await bot.set_my_commands([BotCommand("ask", "Poser")], scope=BotCommandScopeAllGroupChats())
        await bot.set_my_commands([BotCommand("add", "Ajouter")], scope=BotCommandScopeChat(awa.id))
        await bot.set_my_description("Bonjour", language_code="fr")
        await bot.set_my_short_description("Des citations")

    do(register)
    assert [c["command"] for c in api.commands_for(awa)] == ["add"]
    assert [c["command"] for c in api.commands_for(awa, group)] == ["ask"]
    assert [c["description"] for c in api.commands_for(ada)] == ["Help"]
    assert do(lambda bot: bot.get_my_commands(language_code="fr"))[0].description == "Aide"
    do(lambda bot: bot.delete_my_commands(scope=BotCommandScopeChat(awa.id)))
    assert [c["description"] for c in api.commands_for(awa)] == ["Aide"]
    assert (api.profile("description", "fr"), api.profile("short_description", "fr")) == ("Bonjour", "Des citations")
    for command, reason in ((("Aide", "x"), "BOT_COMMAND_INVALID"), (("aide", " "), "BOT_COMMAND_DESCRIPTION_INVALID")):
        with pytest.raises(BadRequest, match=f"(?i){reason}"):
            do(lambda bot, command=command: bot.set_my_commands([command]))
    with pytest.raises(BadRequest, match="Chat not found"):
        do(lambda bot: bot.set_my_commands([("a", "b")], scope=BotCommandScopeChat(12345)))


def test_groups_topics_and_channels(api: BotApiServer, do: Client, awa: User) -> None:
    forum = api.group("Forum", forum=True)
    topic = api.topic(forum, "Sport")
    question = api.say(awa, forum, "@kibaru_bot qui ?", topic=topic)
    heard = do(lambda bot: bot.get_updates(timeout=0))[-1].message
    assert (heard.message_thread_id, heard.is_topic_message, heard.entities[0].type) == (topic, True, "mention")
    sent = do(lambda bot: bot.send_message(forum.id, "x", message_thread_id=topic, reply_to_message_id=question.id))
    assert sent.is_topic_message
    with pytest.raises(BadRequest, match="Message thread not found"):
        do(lambda bot: bot.send_message(forum.id, "x", message_thread_id=999))
    api.close_topic(forum, topic)
    with pytest.raises(BadRequest, match=r"(?i)topic_closed"):
        do(lambda bot: bot.send_message(forum.id, "x", message_thread_id=topic))
    debate = api.group("Débat")
    copied = api.post(api.channel("Journal", linked=debate), "Un article")
    comment = api.say(awa, debate, "/ask quoi ?", reply_to=copied)
    heard = do(lambda bot: bot.get_updates(timeout=0))[-1].message
    assert heard.reply_to_message.is_automatic_forward
    assert heard.message_thread_id == copied.id == comment.thread_id
    reply = do(
        lambda bot: bot.send_message(debate.id, "x", message_thread_id=copied.id, reply_to_message_id=comment.id)
    )
    assert reply.message_thread_id == copied.id
    assert do(lambda bot: bot.get_chat(debate.id)).linked_chat_id == copied.raw["sender_chat"]["id"]
    assert do(lambda bot: bot.get_chat_member(debate.id, awa.id)).status == "member"
    api.remove_bot(debate, awa)
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        do(lambda bot: bot.send_message(debate.id, "x"))


def test_privacy_mode(do: Client, awa: User, api: BotApiServer) -> None:
    api.privacy_mode = True
    group = api.group("Rédaction")
    for text in ("bonjour", "/ask x", "hé @kibaru_bot"):
        api.say(awa, group, text)
    assert [u.message.text for u in do(lambda bot: bot.get_updates(timeout=0))] == [
        "/start",
        "/ask x",
        "hé @kibaru_bot",
    ]


def test_webhook(api: BotApiServer, do: Client, awa: User) -> None:
    for arguments, reason in [
        ({"url": "http://kibaru.ml/x"}, "HTTPS URL must be provided"),
        ({"url": "https://kibaru.ml:9000/x"}, "ports 80, 88, 443 or 8443"),
        ({"url": "https://kibaru.ml/x", "secret_token": "é"}, "unallowed characters"),
    ]:
        with pytest.raises(BadRequest, match=f"(?i){reason}"):
            do(lambda bot, arguments=arguments: bot.set_webhook(**arguments))
    seen: list[tuple[str, Any]] = []

    class Hook(tornado.web.RequestHandler):
        def post(self) -> None:
            seen.append((self.request.headers["X-Telegram-Bot-Api-Secret-Token"], json.loads(self.request.body)))
            self.set_status(500 if len(seen) == 1 else 200)

    async def talk(bot: Bot) -> Any:
        application = tornado.web.Application([("/hook", Hook)], log_function=lambda handler: None)
        server = tornado.httpserver.HTTPServer(application)
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        await bot.set_webhook(f"http://127.0.0.1:{sockets[0].getsockname()[1]}/hook", secret_token="s3cret")
        with pytest.raises(Conflict, match="webhook is active"):
            await bot.get_updates()
        api.say(awa, awa, "deux")
        await api.wait_for_async(lambda: not api.pending)
        info = await bot.get_webhook_info()
        await bot.delete_webhook()
        server.stop()
        await server.close_all_connections()
        return info

    info = do(talk)
    assert [(secret, update["message"]["text"]) for secret, update in seen] == [
        ("s3cret", "/start"),
        ("s3cret", "/start"),
        ("s3cret", "deux"),
    ]
    assert "500" in info.last_error_message


def test_an_application_talks_through_it(api: BotApiServer) -> None:
    async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_chat_action("typing")
        await update.message.reply_text(f"écho : {update.message.text}", do_quote=True)

    async def main() -> None:
        builder = ApplicationBuilder().token(api.token).base_url(api.base_url).base_file_url(api.base_file_url)
        app: Application[Any, Any, Any, Any, Any, Any] = builder.build()
        app.add_handler(MessageHandler(filters.TEXT, echo))
        async with app:
            await app.updater.start_polling()  # type: ignore[union-attr]
            await app.start()
            awa = api.user("Awa")
            question = api.say(awa, awa, "Bonjour 😀")
            answer = await asyncio.to_thread(api.answer_to, question)
            assert answer.text == "écho : Bonjour 😀"
            await asyncio.to_thread(api.quiet)
            await app.updater.stop()  # type: ignore[union-attr]
            await app.stop()
        expected = "Awa: #1\n    Bonjour 😀\nKibaru: (typing…)\nKibaru: #2 (reply to #1)\n    écho : Bonjour 😀"
        assert api.transcript(awa) == expected
        assert api.too_many == 0
        assert api.refused() == []

    asyncio.run(main())


def test_the_server_comes_back_on_the_same_port(api: BotApiServer, do: Client, awa: User) -> None:
    port = api.port
    api.stop()
    with pytest.raises(NetworkError):
        do(lambda bot: bot.get_me())
    api.start()
    assert api.port == port
    assert do(lambda bot: bot.get_updates(timeout=0))[0].message.text == "/start"


def test_waiting_in_vain_shows_the_transcript(api: BotApiServer, awa: User) -> None:
    with pytest.raises(TimeoutError, match=r"(?s)no answer to.*Awa: #2"):
        api.answer_to(api.say(awa, awa, "Qui ?"), timeout=0.05)
