"""A reader's question, from the message it stands in to the messages that answer it."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import CallbackQuery, InlineKeyboardButton, Message, Update, User
from telegram.constants import MessageEntityType

from kibaru import MAX_QUESTION, MAX_QUOTES, Answer, small_talk_kind, without_small_talk
from kibaru.errors import BadInput, KibaruError
from kibaru.log_types import LoggedQuestion, NewQuestion
from kibaru_bot.admission import Overloaded, waited
from kibaru_bot.archive_service import ArchiveService
from kibaru_bot.buttons import Sealed, opened, seal
from kibaru_bot.lengths import units
from kibaru_bot.messages import Catalogue
from kibaru_bot.messaging import (
    Keyboard,
    answer_button,
    argument,
    can_be_linked,
    edit_message,
    message_and_sender,
    pressed_button,
    send_answer,
    send_reply,
    typing,
)
from kibaru_bot.readers import Reader, identify, sender_id
from kibaru_bot.render import PER_PAGE, answer_pages, refusal
from kibaru_bot.state import BotContext, BotState
from kibaru_bot.store import BotStore

_TURNS = 3
_CONVERSATION_MINUTES = 60


async def on_text(update: Update, context: BotContext) -> None:
    """Any text that is meant for the bot is a question, or small talk."""
    message, user = message_and_sender(update)
    question = addressed(message)
    if question is not None:
        await reply(message, user, question, context.state)


async def on_edited(update: Update, context: BotContext) -> None:
    """An edited question edits its answer."""
    message, user = message_and_sender(update)
    question = addressed(message)
    if question is not None and not question.startswith("/") and not small_talk_kind(question):
        await reply(message, user, question, context.state)


async def on_ask(update: Update, context: BotContext) -> None:
    """`/ask` and a question, in groups above all; or in reply to somebody's question."""
    message, user = message_and_sender(update)
    question = argument(message)
    if not question and message.reply_to_message and message.reply_to_message.text:
        question = message.reply_to_message.text
    if not question:
        await send_reply(message, (await context.state.words(user)).ask_usage)
        return
    await reply(message, user, question, context.state)


def addressed(message: Message) -> str | None:
    """The question in a message meant for the bot, or under a picture: any in private, in groups those that mention it
    or reply to it."""
    bot, text = message.get_bot(), message.text or message.caption
    if text is None or (message.via_bot and message.via_bot.id == bot.id):
        return None
    mine = f"@{bot.username}".lower()
    mentioned = False
    entities = message.parse_entities if message.text else message.parse_caption_entities
    for entity, words in entities([MessageEntityType.MENTION, MessageEntityType.TEXT_MENTION]).items():
        if words.lower() == mine or (entity.user and entity.user.id == bot.id):
            mentioned = True
            text = text.replace(words, " ", 1)
    replied = message.reply_to_message
    to_me = replied is not None and replied.from_user is not None and replied.from_user.id == bot.id
    if replied and replied.forum_topic_created:
        to_me = False
    return text.strip() if message.chat.type == "private" or mentioned or to_me else None


async def reply(message: Message, user: User, question: str, state: BotState) -> None:
    """Answer a question in reply to its message; when it was answered before, put the new answer in its place.

    Small talk gets a line in return and is not kept, so that the question after it goes on from the one before.
    """
    if kind := small_talk_kind(question):
        words = await state.words(user)
        await send_reply(message, words.greeting if kind == "greeting" else words.you_are_welcome)
        return
    reader, before, earlier = await state.service.with_store(lambda store: _look_up(store, user, message))
    if earlier and earlier.is_fully_answered and earlier.question == question:
        return  # the bot stopped after answering, before it had noted that
    try:
        state.service.check_admission()  # before anything else is spent on it
        if seconds := state.rate_limit.wait(sender_id(user, message)):
            state.metrics.record("too fast")
            await send_reply(message, reader.words.fill(reader.words.too_fast, seconds=seconds))
            return
        async with typing(message):
            answer, understood = await state.service.ask(without_small_talk(question), before)
            asked = await state.service.with_store(
                lambda store: _record(store, reader, message, question, understood, answer)
            )
            pages, keyboard = _rendered(answer, asked, reader.words)

            async def note(replies: Sequence[int]) -> None:
                await state.service.with_store(lambda store: store.questions.replied(asked.id, replies))

            await send_answer(message, pages, keyboard, earlier.replies if earlier else (), note)
    except (Overloaded, KibaruError) as error:
        await send_reply(message, _explained(error, question, reader.words, state))
        return
    state.metrics.record("refused" if answer.is_refusal else "answered", waited())


async def on_more(update: Update, context: BotContext) -> None:
    """Another page of passages, in place of the one that is there."""
    (query, data), service = pressed_button(update), context.state.service
    words = await context.state.words(query.from_user)
    found = await _behind(query, data, service)
    if found is None:
        await answer_button(query, words.expired_toast, alert=True)
        return
    if context.state.rate_limit.wait(query.from_user.id):
        await answer_button(query, words.overloaded)
        return
    message, asked, page = found
    try:
        answer, _ = await service.ask(asked.understood, quotes=MAX_QUOTES)
    except (Overloaded, KibaruError):
        await answer_button(query, words.overloaded, alert=True)
        return
    pages = answer_pages(answer, words)
    if not 0 <= page < len(pages):
        await answer_button(query, words.no_more_toast)
        return
    sealed = Sealed(asked.id, data.rpartition(":")[2])
    keyboard = answer_keyboard(sealed, page, page + 1 < len(pages), answer, words, asked.helpful is None)
    await edit_message(query.get_bot(), message.chat_id, message.message_id, pages[page], keyboard)
    await answer_button(query)


async def on_vote(update: Update, context: BotContext) -> None:
    """Whether an answer helped."""
    (query, data), service = pressed_button(update), context.state.service
    words = await context.state.words(query.from_user)
    found = await _behind(query, data, service)
    if found is None:
        await answer_button(query, words.expired_toast, alert=True)
        return
    message, asked, helpful = found
    await service.with_store(lambda store: store.questions.vote(asked.id, helpful == 1))
    await answer_button(query, words.thanks_toast if helpful else words.sorry_toast)
    markup = message.reply_markup
    left = [
        row
        for old in (markup.inline_keyboard if markup else ())
        if (row := [button for button in old if not str(button.callback_data).startswith("v:")])
    ]
    if markup and len(left) < len(markup.inline_keyboard):
        await query.edit_message_reply_markup(reply_markup=type(markup)(left) if left else None)


async def _behind(
    query: CallbackQuery, data: str, service: ArchiveService
) -> tuple[Message, LoggedQuestion, int] | None:
    """The message of a button, its question and the number beside it; None when Telegram or we have forgotten it, or it
    was asked in another chat."""
    message = query.message
    if not isinstance(message, Message):
        return None
    _, id, number, seal = data.split(":")
    asked = await service.with_store(lambda store: opened(store, message.chat_id, Sealed(int(id), seal)))
    return (message, asked, int(number)) if asked else None


def answer_keyboard(
    asked: Sealed, page: int, more: bool, answer: Answer, words: Catalogue, votes: bool = True
) -> Keyboard:
    """The buttons under an answer: its pages, the first article, and whether it helped."""

    def data(kind: str, number: int) -> str:
        return f"{kind}:{asked.id}:{number}:{asked.seal}"

    turn = [InlineKeyboardButton(words.previous_button, callback_data=data("m", page - 1))] if page > 0 else []
    if more:
        turn.append(InlineKeyboardButton(words.more_button, callback_data=data("m", page + 1)))
    shown = answer.quotes[max(page, 0) * PER_PAGE :] or answer.quotes
    url = shown[0].article.url if shown else None
    link = [InlineKeyboardButton(words.open_button, url=url)] if can_be_linked(url) else []
    vote = [
        InlineKeyboardButton(words.helpful_button, callback_data=data("v", 1)),
        InlineKeyboardButton(words.unhelpful_button, callback_data=data("v", 0)),
    ]
    return [row for row in (turn, link, vote if votes else []) if row]


def _rendered(answer: Answer, asked: Sealed, words: Catalogue) -> tuple[list[str], Keyboard]:
    """The messages of an answer, and the keyboard under the last."""
    if answer.is_refusal:
        return [refusal(answer.leads, words)], ()
    pages = answer_pages(answer, words)
    # A first message of few quotes is followed by a full first page, which begins with the same.
    page = len(pages) - 1 if len(answer.quotes) >= PER_PAGE else -1
    return pages, answer_keyboard(asked, page, answer.has_more, answer, words)


def _look_up(store: BotStore, user: User, message: Message) -> tuple[Reader, list[str], LoggedQuestion | None]:
    reader = identify(store, user, message)
    earlier = store.questions.question_in(reader.message)
    turns: Sequence[LoggedQuestion] = store.questions.conversation(
        reader.conversation, _TURNS + 1, _CONVERSATION_MINUTES
    )
    before = [turn.understood for turn in turns if earlier is None or turn.id < earlier.id]
    return reader, before[:_TURNS], earlier


def _record(
    store: BotStore, reader: Reader, message: Message, question: str, understood: str, answer: Answer
) -> Sealed:
    asked = NewQuestion(
        question,
        understood,
        reader.words.code,
        not answer.is_refusal,
        answer.confidence,
        reader=reader.reader[0],
        conversation=reader.conversation[0],
        message=reader.message[0],
    )
    id = store.questions.record(asked)
    return seal(store, message.chat_id, id)


def _explained(error: Exception, question: str, words: Catalogue, state: BotState) -> str:
    if isinstance(error, Overloaded):
        state.metrics.record("told to come back")
        return words.overloaded
    if isinstance(error, BadInput):
        state.metrics.record("not a question")
        return words.fill(words.too_long, most=MAX_QUESTION) if units(question) > MAX_QUESTION else words.empty_question
    state.metrics.record("failed")
    state.metrics.record_problem(f"a question could not be answered: {error}")
    return words.unavailable
