"""What readers may ask of the bot itself: /start, /help, /latest, /about, /language, /new, /forget."""

from __future__ import annotations

import contextlib
import hashlib
from html import escape
from itertools import islice

from telegram import InlineKeyboardButton, Message, Update

from kibaru import SUFFIXES, Kibaru
from kibaru.errors import KibaruError, NotFound
from kibaru.types import Article, Filters
from kibaru_bot.admission import Overloaded
from kibaru_bot.archive_service import ArchiveService
from kibaru_bot.lengths import MAX_CALLBACK, shortened
from kibaru_bot.menus import publish_admin_menu
from kibaru_bot.messages import LANGUAGES, Catalogue, catalogue
from kibaru_bot.messaging import answer_button, message_and_sender, pressed_button, send_reply
from kibaru_bot.questions import reply
from kibaru_bot.readers import identify
from kibaru_bot.render import article_list
from kibaru_bot.state import BotContext, BotState

_LATEST = 10
_EXAMPLES = 3
_TRIED = 9


async def on_start(update: Update, context: BotContext) -> None:
    """What the bot is, and three questions to try; an admin's menu is set, which needs a chat to exist."""
    await _introduce(update, context, "start")
    user = update.effective_user
    if user and context.state.is_admin(user):
        await publish_admin_menu(context.bot, user.id)


async def on_help(update: Update, context: BotContext) -> None:
    """What the bot can do, and three questions to try."""
    await _introduce(update, context, "help")


async def _introduce(update: Update, context: BotContext, field: str) -> None:
    message, user = message_and_sender(update)
    words = await context.state.words(user)
    text = str(getattr(words, field))
    articles = await example_articles(context.state, words.code)
    if not articles:
        empty = await context.state.service.look_up(lambda kibaru: kibaru.article_count()) == 0
        await send_reply(message, f"{text}\n\n{words.empty_archive}" if empty else text)
        return
    buttons = [
        [InlineKeyboardButton(shortened(example_question(a, words), 60), callback_data=f"x:{article_key(a.id)}")]
        for a in articles
    ]
    await send_reply(message, f"{text}\n\n{words.examples}", buttons)


async def on_example(update: Update, context: BotContext) -> None:
    """An example question was pressed: it is shown, and answered like any other."""
    query, data = pressed_button(update)
    words, key = await context.state.words(query.from_user), data.partition(":")[2]
    article = await context.state.service.look_up(lambda kibaru: article_of(kibaru, key))
    if article is None or not isinstance(query.message, Message):
        await answer_button(query, words.expired_toast, alert=True)
        return
    await answer_button(query)
    question = example_question(article, words)
    asked = await send_reply(query.message, f"<i>{escape(question)}</i>")
    await reply(asked, query.from_user, question, context.state)


async def on_latest(update: Update, context: BotContext) -> None:
    """The newest articles."""
    message, user = message_and_sender(update)
    words = await context.state.words(user)
    articles = await context.state.service.look_up(lambda kibaru: kibaru.latest(_LATEST))
    await send_reply(message, article_list(articles, words.latest, words) if articles else words.empty_archive)


async def on_about(update: Update, context: BotContext) -> None:
    """How many articles answers come from, of when, and what is kept about readers."""
    (message, user), settings = message_and_sender(update), context.state.settings
    words = await context.state.words(user)
    count, span = await context.state.service.look_up(lambda kibaru: (kibaru.article_count(), kibaru.date_range()))
    dates = words.fill(words.about_dates, first=words.date(span[0]), last=words.date(span[1])) if span else ""
    text = words.fill(
        words.about, newsroom=escape(settings.newsroom), articles=count, dates=dates, days=settings.retention_days
    )
    await send_reply(message, text)


async def on_language(update: Update, context: BotContext) -> None:
    """Let the reader choose the interface language."""
    message, user = message_and_sender(update)
    words = await context.state.words(user)
    await send_reply(
        message,
        words.language,
        [[InlineKeyboardButton(each.name, callback_data=f"l:{code}") for code, each in LANGUAGES.items()]],
    )


async def on_language_chosen(update: Update, context: BotContext) -> None:
    """Keep the chosen interface language."""
    query, data = pressed_button(update)
    user, code = query.from_user, data.partition(":")[2]
    await context.state.service.with_store(lambda store: store.set_language(identify(store, user, None).reader, code))
    await answer_button(query)
    if isinstance(query.message, Message):
        await query.edit_message_text(catalogue(code).language_set)


async def on_new(update: Update, context: BotContext) -> None:
    """The next question has nothing to do with those before."""
    message, user = message_and_sender(update)
    reader = await context.state.service.with_store(lambda store: identify(store, user, message))
    await context.state.service.with_store(lambda store: store.questions.end_conversation(reader.conversation))
    await send_reply(message, reader.words.new_thread)


async def on_forget(update: Update, context: BotContext) -> None:
    """Delete what is kept about the reader."""
    message, user = message_and_sender(update)
    reader = await context.state.service.with_store(lambda store: identify(store, user, message))
    count = await context.state.service.with_store(lambda store: store.forget(reader.reader))
    await send_reply(message, reader.words.fill(reader.words.forgotten, count=count))


async def on_unknown(update: Update, context: BotContext) -> None:
    """A command that is none, or is not for this user: both look the same."""
    message, user = message_and_sender(update)
    if message.chat.type == "private":
        await send_reply(message, (await context.state.words(user)).unknown_command)


async def on_other(update: Update, context: BotContext) -> None:
    """A voice note, a photo, a sticker: say what works; in groups only when it was sent to us."""
    message, user = message_and_sender(update)
    replied = message.reply_to_message
    to_me = replied is not None and replied.from_user is not None and replied.from_user.id == message.get_bot().id
    if message.chat.type == "private" or (to_me and not (replied and replied.forum_topic_created)):
        words = await context.state.words(user)
        from_admin = message.chat.type == "private" and context.state.is_admin(user)
        files = words.fill(words.only_text_and_files, kinds=", ".join(SUFFIXES))
        await send_reply(message, files if from_admin else words.only_text)


def example_question(article: Article, words: Catalogue) -> str:
    """A question that an article answers, in its own language where we speak it."""
    spoken = LANGUAGES.get(article.language or "", words)
    return spoken.fill(spoken.example_question_plain, title=shortened(article.title, 160).rstrip(" .?!"))


async def example_articles(state: BotState, language: str) -> list[Article]:
    """Up to three of the newest articles whose example question is surely answered out of them, in the reader's
    language if there are; found once a change."""
    count, tried = await state.service.look_up(lambda kibaru: (kibaru.article_count(), _newest(kibaru, language)))
    now = (count, [article.digest for article in tried])
    found = list[Article]()
    if language not in state.examples or state.examples[language][0] != now:
        with contextlib.suppress(Overloaded):  # then those of before, and the next time anew
            for article in tried:
                if len(found) < _EXAMPLES and await _is_found(state.service, article):
                    found.append(article)
            state.examples[language] = (now, found)
    return state.examples.get(language, (None, found))[1]


def _newest(kibaru: Kibaru, language: str) -> list[Article]:
    spoken = kibaru.latest(_TRIED, Filters(language=language))
    others = (article for article in kibaru.articles() if article.language != language)
    return [*spoken, *islice(others, _EXAMPLES)]


async def _is_found(service: ArchiveService, article: Article) -> bool:
    try:
        answer, _ = await service.ask(example_question(article, catalogue(article.language)))
    except KibaruError:
        return False
    return answer.is_sure and bool(answer.quotes) and answer.quotes[0].article.id == article.id


def article_key(id: str) -> str:
    """An article's id for behind a button: itself, or its hash when it is too long."""
    most = MAX_CALLBACK - 16
    return id if len(id.encode()) <= most else "#" + hashlib.blake2b(id.encode(), digest_size=12).hexdigest()


def article_of(kibaru: Kibaru, key: str) -> Article | None:
    """The article behind a button."""
    with contextlib.suppress(NotFound):
        return kibaru.article(key)
    return next((a for a in kibaru.articles() if article_key(a.id) == key), None) if key[:1] == "#" else None
