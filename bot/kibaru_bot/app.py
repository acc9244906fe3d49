"""The bot put together: settings to a python-telegram-bot Application, ready to run."""

from __future__ import annotations

import logging
from typing import Any

from telegram import LinkPreviewOptions, Message, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError
from telegram.ext import (
    ApplicationBuilder,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    Defaults,
    InlineQueryHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

from kibaru_bot import (
    admin_commands,
    article_commands,
    background,
    inline,
    publishing,
    questions,
    reader_commands,
)
from kibaru_bot.archive_service import ArchiveService
from kibaru_bot.inbox import Inbox, SequentialPerChat
from kibaru_bot.logs import secrets_of, without
from kibaru_bot.messages import LANGUAGES
from kibaru_bot.messaging import answer_button, send_reply
from kibaru_bot.metrics import Metrics
from kibaru_bot.rate_limit import RateLimit
from kibaru_bot.readiness import token_of
from kibaru_bot.settings import BotSettings
from kibaru_bot.state import BotApplication, BotContext, BotState
from kibaru_bot.transport import READ_SECONDS, Limiter, Polling

log = logging.getLogger(__name__)

UPDATES = [Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.INLINE_QUERY]
_EDITED = filters.UpdateType.EDITED_MESSAGE & ~filters.IS_AUTOMATIC_FORWARD
_WRITTEN = filters.TEXT | (filters.CAPTION & ~filters.CaptionRegex("^/"))
_SAID = filters.UpdateType.MESSAGE & ~filters.IS_AUTOMATIC_FORWARD
"""Without what Telegram copies from a channel into its discussion group: that is not meant for the bot."""


def build(settings: BotSettings) -> BotApplication:
    """Make the application and open its archive. Raises KibaruError when token or archive are missing."""
    token = token_of(settings)
    metrics = Metrics()
    if settings.bot_metrics:
        metrics.serve(settings.bot_metrics)
    service = ArchiveService(settings)
    inbox = Inbox(service)
    api = settings.telegram_api.rstrip("/")
    application: BotApplication = (
        ApplicationBuilder()
        .token(token)
        .context_types(ContextTypes(context=BotContext))
        .base_url(f"{api}/bot")
        .base_file_url(f"{api}/file/bot")
        .update_queue(inbox)
        .concurrent_updates(SequentialPerChat(inbox))
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
        .post_init(background.start)
        .post_stop(background.stop)
        .post_shutdown(background.close)
        .build()
    )
    application.bot_data["state"] = BotState(settings, service, RateLimit(settings.questions_per_minute), metrics)
    application.bot_data["inbox"] = inbox
    application.add_handler(TypeHandler(Update, _leave_out), group=-1)
    if settings.admins:
        _add_admin_handlers(application, settings)
    _add_handlers(application)
    return application


def _add_handlers(application: BotApplication) -> None:
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
    for pattern, on_button in {
        r"^m:\d{1,15}:\d{1,3}:[0-9a-f]{16}$": questions.on_more,
        r"^v:\d{1,15}:[01]:[0-9a-f]{16}$": questions.on_vote,
        "^x:": reader_commands.on_example,
        f"^l:({'|'.join(LANGUAGES)})$": reader_commands.on_language_chosen,
    }.items():
        application.add_handler(CallbackQueryHandler(on_button, pattern))
    application.add_handler(InlineQueryHandler(inline.on_inline))
    application.add_handler(MessageHandler(_EDITED & _WRITTEN, questions.on_edited))
    application.add_handler(MessageHandler(_SAID & filters.COMMAND, reader_commands.on_unknown))
    application.add_handler(MessageHandler(_SAID & _WRITTEN, questions.on_text))
    application.add_handler(MessageHandler(_SAID & ~filters.StatusUpdate.ALL, reader_commands.on_other))
    application.add_error_handler(_failed)


def _add_admin_handlers(application: BotApplication, settings: BotSettings) -> None:
    """Add the commands of admins, in their private chats; to all others they do not exist."""
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


async def _leave_out(update: Update, context: BotContext) -> None:
    """Tell a chat whose queue is full; the update goes no further."""
    if not context.bot_data["inbox"].is_left_out(update):
        return
    if update.message and update.message.from_user:
        context.state.metrics.record("left out")
        await send_reply(update.message, (await context.state.words(update.message.from_user)).too_many)
    raise ApplicationHandlerStop


async def _failed(update: object, context: BotContext) -> None:
    """Something went wrong while an update was handled: say so in the log, and to the reader."""
    error: Any = context.error
    if update is None and isinstance(error, TelegramError):  # while asking for updates, which goes on
        why = without(secrets_of(context.state.settings), str(error))
        context.state.metrics.record_problem(f"Telegram gives no updates, it is asked again: {why}")
        return
    if isinstance(error, Forbidden):
        log.info("a chat is closed to the bot: %s", error)
        return
    if isinstance(update, Update) and (update.message or update.edited_message) and _did_not_get_through(error):
        log.warning("an answer did not get through (%s), it is tried again later", type(error).__name__)
        context.bot_data["inbox"].unsent(update)
        return
    context.state.metrics.record_problem(f"an update could not be handled: {type(error).__name__}", error)
    if not isinstance(update, Update) or update.effective_user is None or isinstance(error, TelegramError):
        return
    words = await context.state.words(update.effective_user)
    if update.callback_query:
        await answer_button(update.callback_query, words.overloaded, alert=True)
    elif update.message and update.message.chat.type == "private":
        await send_reply(update.message, words.unavailable)


def _did_not_get_through(error: Exception) -> bool:
    return isinstance(error, NetworkError | RetryAfter) and not isinstance(error, BadRequest)
