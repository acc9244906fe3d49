"""The bot put together: settings to a python-telegram-bot Application, ready to run."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import Any

from telegram import LinkPreviewOptions, Message, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError
from telegram.ext import (
    ApplicationBuilder,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    CommandHandler,
    Defaults,
    InlineQueryHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

from kibaru.errors import KibaruError
from kibaru.settings import Settings
from kibaru.storage.question_log import Journal
from kibaru_bot import admin_commands, article_commands, heartbeat, inline, publishing, questions, reader_commands
from kibaru_bot.backend import Newsdesk
from kibaru_bot.inbox import Inbox, InOrder
from kibaru_bot.logs import secrets_of, without
from kibaru_bot.menus import publish_menus
from kibaru_bot.messages import LANGUAGES
from kibaru_bot.messaging import acknowledge, say
from kibaru_bot.metrics import Watch, ages
from kibaru_bot.readers import Pace
from kibaru_bot.readiness import token_of
from kibaru_bot.scheduled_sync import keep_in_sync
from kibaru_bot.state import App, Context, State, state
from kibaru_bot.transport import READ_SECONDS, Limiter, Polling

log = logging.getLogger(__name__)

UPDATES = [Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.INLINE_QUERY]
_PRUNED_EVERY = 3600.0
_SCRUBBED_EVERY = 10.0
_EDITED = filters.UpdateType.EDITED_MESSAGE & ~filters.IS_AUTOMATIC_FORWARD
_WRITTEN = filters.TEXT | (filters.CAPTION & ~filters.CaptionRegex("^/"))
_SAID = filters.UpdateType.MESSAGE & ~filters.IS_AUTOMATIC_FORWARD
"""Not what Telegram copies from a channel into its discussion group: that speaks to readers, not to us."""


def build(settings: Settings) -> App:
    """The application, with its newsdesk open. Raises KibaruError when token or archive are missing."""
    token = token_of(settings)
    watch = Watch()
    if settings.bot_metrics:
        watch.serve(settings.bot_metrics)
    desk = Newsdesk(settings)
    inbox = Inbox(desk)
    api = settings.telegram_api.rstrip("/")
    application: App = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{api}/bot")
        .base_file_url(f"{api}/file/bot")
        .update_queue(inbox)
        .concurrent_updates(InOrder(inbox))
        .rate_limiter(Limiter())
        .connection_pool_size(64)
        .pool_timeout(60)
        .read_timeout(READ_SECONDS)
        .get_updates_request(Polling(connection_pool_size=1))
        .defaults(
            Defaults(
                parse_mode=ParseMode.HTML,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                do_quote=True,
                allow_sending_without_reply=True,
            )
        )
        .post_init(_prepare)
        .post_stop(_stop)
        .post_shutdown(_close)
        .build()
    )
    application.bot_data["state"] = State(settings, desk, Pace(settings.questions_per_minute), watch)
    application.bot_data["inbox"] = inbox
    application.add_handler(TypeHandler(Update, _leave_out), group=-1)
    if settings.admins:
        _add_admin_handlers(application, settings)
    _add_handlers(application)
    return application


def _add_handlers(application: App) -> None:
    for name, handler in {
        "start": reader_commands.on_start,
        "help": reader_commands.on_help,
        "latest": reader_commands.on_latest,
        "about": reader_commands.on_about,
        "language": reader_commands.on_language,
        "new": reader_commands.on_new,
        "forget": reader_commands.on_forget,
        "ask": questions.on_ask,
    }.items():
        application.add_handler(CommandHandler(name, handler, _SAID))
    for pattern, pressed in {
        r"^m:\d{1,15}:\d{1,3}:[0-9a-f]{16}$": questions.on_more,
        r"^v:\d{1,15}:[01]:[0-9a-f]{16}$": questions.on_vote,
        "^x:": reader_commands.on_example,
        f"^l:({'|'.join(LANGUAGES)})$": reader_commands.on_language_chosen,
    }.items():
        application.add_handler(CallbackQueryHandler(pressed, pattern))
    application.add_handler(InlineQueryHandler(inline.on_inline))
    application.add_handler(MessageHandler(_EDITED & _WRITTEN, questions.on_edited))
    application.add_handler(MessageHandler(_SAID & filters.COMMAND, reader_commands.on_unknown))
    application.add_handler(MessageHandler(_SAID & _WRITTEN, questions.on_text))
    application.add_handler(MessageHandler(_SAID & ~filters.StatusUpdate.ALL, reader_commands.on_other))
    application.add_error_handler(_failed)


def _add_admin_handlers(application: App, settings: Settings) -> None:
    """What only admins reach, and only in their own chat; to all others it does not exist."""
    admins = filters.User(settings.admins) & filters.ChatType.PRIVATE & _SAID
    commands_of_theirs = admins & ~filters.FORWARDED  # what others wrote is no order of theirs
    for name, handler in {
        "add": publishing.on_add,
        "articles": article_commands.on_articles,
        "rebuild": admin_commands.on_rebuild,
        "status": admin_commands.on_status,
        "unanswered": admin_commands.on_unanswered,
    }.items():
        application.add_handler(CommandHandler(name, handler, commands_of_theirs))
    application.add_handler(CallbackQueryHandler(publishing.on_decision, r"^p:(yes|no):\d{1,15}$"))
    application.add_handler(CallbackQueryHandler(article_commands.on_button, r"^a(l:\d{1,6}:|u:\d{1,15}$|[dry]:.)"))
    application.add_handler(CallbackQueryHandler(admin_commands.on_csv, "^uc:$"))
    application.add_handler(MessageHandler(admins & filters.Document.ALL, publishing.on_document))
    application.add_handler(MessageHandler(admins & ArticleText(), publishing.on_article_text))


class ArticleText(filters.MessageFilter):
    """A message that is an article with its title line; python-telegram-bot wants a class."""

    def filter(self, message: Message) -> bool:
        text = message.text or ""
        return not text.startswith("/") and publishing.is_article(text)


async def _leave_out(update: Update, context: Context) -> None:
    """Say so to the chat whose line is full; the update goes no further."""
    if not context.bot_data["inbox"].is_left_out(update):
        return
    if update.message and update.message.from_user:
        state(context).watch.told("left out")
        await say(update.message, (await state(context).words(update.message.from_user)).too_many)
    raise ApplicationHandlerStop


async def _prepare(application: App) -> None:
    """Before the first update: the model is loaded, the menus are set, and what was left undone is taken up."""
    bot_state: State = application.bot_data["state"]
    await asyncio.to_thread(bot_state.desk.warm_up)
    application.bot_data["tasks"] = [
        asyncio.create_task(publish_menus(application.bot, bot_state.settings.admins)),
        asyncio.create_task(_prune(bot_state)),
        asyncio.create_task(_live(bot_state, application.bot_data["inbox"])),
        asyncio.create_task(keep_in_sync(application.bot, bot_state)),
    ]
    await application.bot_data["inbox"].restore(application.bot)


async def _prune(bot_state: State) -> None:
    while True:
        try:
            await bot_state.desk.journal(lambda journal: journal.prune(bot_state.settings.retention_days))
        except KibaruError as error:
            bot_state.watch.problem(f"old questions were not deleted: {error}")
        await asyncio.sleep(_PRUNED_EVERY)


async def _live(bot_state: State, inbox: Inbox) -> None:
    """Give signs of life, and keep the journal's log short."""
    scrubbed, tell, folder = time.monotonic(), "READY=1", bot_state.settings.index
    while True:
        try:
            at = await bot_state.desk.read(ages)
            due = time.monotonic() - scrubbed >= _SCRUBBED_EVERY
            if await bot_state.desk.journal(partial(_scrub, due=due)):
                scrubbed = time.monotonic()
            desk = bot_state.desk
            alive = desk.silent < heartbeat.SILENT
            bot_state.watch.observe(desk.waiting, inbox.in_hand, alive and desk.problem is None, at)
            if alive:
                sign = heartbeat.Sign(time.time(), desk.waiting, desk.problem)
                await asyncio.to_thread(heartbeat.give, folder, sign)
                heartbeat.tell_systemd(tell)
                tell = "WATCHDOG=1"
        except (KibaruError, OSError) as error:
            log.warning("no sign of life was given: %s", error)
        await asyncio.sleep(heartbeat.SECONDS)


def _scrub(journal: Journal, *, due: bool) -> bool:
    if due or not journal.is_scrubbed:
        journal.scrub()
        return True
    return False


async def _stop(application: App) -> None:
    for task in application.bot_data.pop("tasks", []):
        task.cancel()


async def _close(application: App) -> None:
    await _stop(application)
    bot_state: State = application.bot_data["state"]
    heartbeat.tell_systemd("STOPPING=1")
    await asyncio.to_thread(bot_state.desk.close)
    heartbeat.end(bot_state.settings.index)


async def _failed(update: object, context: Context) -> None:
    """Something went wrong while an update was handled: say so in the log, and to the reader."""
    error: Any = context.error
    if update is None and isinstance(error, TelegramError):  # while asking for updates, which goes on
        why = without(secrets_of(state(context).settings), str(error))
        state(context).watch.problem(f"Telegram gives no updates, it is asked again: {why}")
        return
    if isinstance(error, Forbidden):
        log.info("a chat is closed to the bot: %s", error)
        return
    if isinstance(update, Update) and (update.message or update.edited_message) and _did_not_get_through(error):
        log.warning("an answer did not get through (%s), it is tried again later", type(error).__name__)
        context.bot_data["inbox"].unsent(update)
        return
    state(context).watch.problem(f"an update could not be handled: {type(error).__name__}", error)
    if not isinstance(update, Update) or update.effective_user is None or isinstance(error, TelegramError):
        return
    words = await state(context).words(update.effective_user)
    if update.callback_query:
        await acknowledge(update.callback_query, words.overloaded, alert=True)
    elif update.message and update.message.chat.type == "private":
        await say(update.message, words.unavailable)


def _did_not_get_through(error: Exception) -> bool:
    return isinstance(error, NetworkError | RetryAfter) and not isinstance(error, BadRequest)
