"""What readers may ask of the bot itself: /start, /help, /latest, /about, /language, /new, /forget."""

from __future__ import annotations

import contextlib
import hashlib
from html import escape
from itertools import islice

from telegram import InlineKeyboardButton, Message, Update

from kibaru.archive import Kibaru
from kibaru.errors import KibaruError
from kibaru.ingest.files import SUFFIXES
from kibaru.types import Article, Filters
from kibaru_bot.admission import Overloaded
from kibaru_bot.backend import Newsdesk
from kibaru_bot.lengths import MAX_CALLBACK, shortened
from kibaru_bot.menus import publish_admin_menu
from kibaru_bot.messages import LANGUAGES, Catalogue, catalogue
from kibaru_bot.messaging import acknowledge, pressed, said, say
from kibaru_bot.questions import reply
from kibaru_bot.readers import recognised
from kibaru_bot.render import article_list
from kibaru_bot.state import Context, State, state

_LATEST = 10
_EXAMPLES = 3
_TRIED = 9


async def on_start(update: Update, context: Context) -> None:
    """What the bot is, and three questions to try; an admin's menu is set, which needs a chat to exist."""
    await _introduce(update, context, "start")
    user = update.effective_user
    if user and state(context).is_admin(user):
        await publish_admin_menu(context.bot, user.id)


async def on_help(update: Update, context: Context) -> None:
    """What the bot can do, and three questions to try."""
    await _introduce(update, context, "help")


async def _introduce(update: Update, context: Context, field: str) -> None:
    message, user = said(update)
    words = await state(context).words(user)
    text = str(getattr(words, field))
    articles = await example_articles(state(context), words.code)
    if not articles:
        empty = await state(context).desk.read(lambda kibaru: kibaru.store.count_articles()) == 0
        await say(message, f"{text}\n\n{words.empty_archive}" if empty else text)
        return
    buttons = [
        [InlineKeyboardButton(shortened(example_question(a, words), 60), callback_data=f"x:{article_key(a.id)}")]
        for a in articles
    ]
    await say(message, f"{text}\n\n{words.examples}", buttons)


async def on_example(update: Update, context: Context) -> None:
    """An example question was pressed: it is shown, and answered like any other."""
    query, data = pressed(update)
    words, key = await state(context).words(query.from_user), data.partition(":")[2]
    article = await state(context).desk.read(lambda kibaru: article_of(kibaru, key))
    if article is None or not isinstance(query.message, Message):
        await acknowledge(query, words.expired_toast, alert=True)
        return
    await acknowledge(query)
    question = example_question(article, words)
    asked = await say(query.message, f"<i>{escape(question)}</i>")
    await reply(asked, query.from_user, question, state(context))


async def on_latest(update: Update, context: Context) -> None:
    """The newest articles."""
    message, user = said(update)
    words = await state(context).words(user)
    articles = await state(context).desk.read(lambda kibaru: list(islice(kibaru.store.articles(), _LATEST)))
    await say(message, article_list(articles, words.latest, words) if articles else words.empty_archive)


async def on_about(update: Update, context: Context) -> None:
    """How many articles answers come from, of when, and what is kept about readers."""
    (message, user), settings = said(update), state(context).settings
    words = await state(context).words(user)
    count, span = await state(context).desk.read(
        lambda kibaru: (kibaru.store.count_articles(), kibaru.store.span_of_dates())
    )
    dates = words.fill(words.about_dates, first=words.date(span[0]), last=words.date(span[1])) if span else ""
    text = words.fill(
        words.about, newsroom=escape(settings.newsroom), articles=count, dates=dates, days=settings.retention_days
    )
    await say(message, text)


async def on_language(update: Update, context: Context) -> None:
    """Let the reader choose the interface language."""
    message, user = said(update)
    words = await state(context).words(user)
    await say(
        message,
        words.language,
        [[InlineKeyboardButton(each.name, callback_data=f"l:{code}") for code, each in LANGUAGES.items()]],
    )


async def on_language_chosen(update: Update, context: Context) -> None:
    """Keep the chosen interface language."""
    query, data = pressed(update)
    user, code = query.from_user, data.partition(":")[2]
    await state(context).desk.journal(
        lambda journal: journal.set_language(recognised(journal, user, None).reader, code)
    )
    await acknowledge(query)
    if isinstance(query.message, Message):
        await query.edit_message_text(catalogue(code).language_set)


async def on_new(update: Update, context: Context) -> None:
    """The next question has nothing to do with those before."""
    message, user = said(update)
    reader = await state(context).desk.journal(lambda journal: recognised(journal, user, message))
    await state(context).desk.journal(lambda journal: journal.end_thread(reader.conversation))
    await say(message, reader.words.new_thread)


async def on_forget(update: Update, context: Context) -> None:
    """Delete what is kept about the reader."""
    message, user = said(update)
    reader = await state(context).desk.journal(lambda journal: recognised(journal, user, message))
    count = await state(context).desk.journal(lambda journal: journal.forget(reader.reader))
    await say(message, reader.words.fill(reader.words.forgotten, count=count))


async def on_unknown(update: Update, context: Context) -> None:
    """A command that is none, or is not for this user: both look the same."""
    message, user = said(update)
    if message.chat.type == "private":
        await say(message, (await state(context).words(user)).unknown_command)


async def on_other(update: Update, context: Context) -> None:
    """A voice note, a photo, a sticker: say what works; in groups only when it was sent to us."""
    message, user = said(update)
    replied = message.reply_to_message
    to_me = replied is not None and replied.from_user is not None and replied.from_user.id == message.get_bot().id
    if message.chat.type == "private" or (to_me and not (replied and replied.forum_topic_created)):
        words = await state(context).words(user)
        from_admin = message.chat.type == "private" and state(context).is_admin(user)
        files = words.fill(words.only_text_and_files, kinds=", ".join(SUFFIXES))
        await say(message, files if from_admin else words.only_text)


def example_question(article: Article, words: Catalogue) -> str:
    """A question that an article answers, in its own language where we speak it."""
    spoken = LANGUAGES.get(article.language or "", words)
    return spoken.fill(spoken.example_question_plain, title=shortened(article.title, 160).rstrip(" .?!"))


async def example_articles(state: State, language: str) -> list[Article]:
    """Up to three of the newest articles whose example question is surely answered out of them, in the reader's
    language if there are; found once a change."""
    count, tried = await state.desk.read(lambda kibaru: (kibaru.store.count_articles(), _newest(kibaru, language)))
    now = (count, [article.digest for article in tried])
    found = list[Article]()
    if language not in state.examples or state.examples[language][0] != now:
        with contextlib.suppress(Overloaded):  # then those of before, and the next time anew
            for article in tried:
                if len(found) < _EXAMPLES and await _is_found(state.desk, article):
                    found.append(article)
            state.examples[language] = (now, found)
    return state.examples.get(language, (None, found))[1]


def _newest(kibaru: Kibaru, language: str) -> list[Article]:
    spoken = list(islice(kibaru.store.articles(Filters(language=language)), _TRIED))
    others = (article for article in kibaru.store.articles() if article.language != language)
    return [*spoken, *islice(others, _EXAMPLES)]


async def _is_found(desk: Newsdesk, article: Article) -> bool:
    try:
        answer, _ = await desk.ask(example_question(article, catalogue(article.language)))
    except KibaruError:
        return False
    return answer.is_sure and bool(answer.quotes) and answer.quotes[0].article.id == article.id


def article_key(id: str) -> str:
    """An article's id for behind a button: itself, or its hash when it is too long."""
    most = MAX_CALLBACK - 16
    return id if len(id.encode()) <= most else "#" + hashlib.blake2b(id.encode(), digest_size=12).hexdigest()


def article_of(kibaru: Kibaru, key: str) -> Article | None:
    """The article behind a button."""
    if article := kibaru.store.article(key):
        return article
    return next((a for a in kibaru.store.articles() if article_key(a.id) == key), None) if key[:1] == "#" else None
