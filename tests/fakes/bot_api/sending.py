"""Methods that write: messages, edits, deletions, documents, chat actions."""

from __future__ import annotations

import time
from typing import Any

from . import utf16
from .errors import ApiError, bad
from .formatted import Formatted
from .keyboards import check_markup
from .model import Chat, Json, Message
from .params import Params, Upload
from .world import StoredFile, World

MAX_TEXT, MAX_CAPTION = 4096, 1024
MAX_UPLOAD = 50 * 1024 * 1024
_ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
    "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}  # fmt: skip


def _text(params: Params, too_long: str) -> Formatted:
    if not params.text("text"):
        raise bad("message text is empty")
    formatted = params.formatted("text")
    if not formatted.text:
        raise bad("text must be non-empty")
    if utf16.length(formatted.text) > MAX_TEXT:
        raise bad(too_long)
    return formatted


def _thread(world: World, chat: Chat, params: Params) -> Json:
    thread = params.integer("message_thread_id")
    if not thread:
        return {}
    if chat.is_forum:
        if thread not in chat.topics:
            raise bad("message thread not found")
        if thread in chat.closed_topics:
            raise bad("TOPIC_CLOSED")
        return {"message_thread_id": thread, "is_topic_message": True}
    if chat.type != "supergroup" or world.find(chat, thread) is None:
        raise bad("message thread not found")
    return {"message_thread_id": thread}


def _reply(world: World, chat: Chat, params: Params, thread: Json) -> Json:
    """The ``reply_to_message`` part of a new message, and the thread it inherits."""
    asked = params.mapping("reply_parameters") or {}
    message_id = int(asked.get("message_id") or params.integer("reply_to_message_id"))
    if not message_id:
        return {}
    where = world.chats.get(int(asked.get("chat_id") or chat.id), chat)
    replied = world.find(where, message_id)
    if replied is None:
        if asked.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply"):
            return {}
        raise bad("message to be replied not found")
    quote = asked.get("quote")
    if quote and quote not in replied.text:
        raise bad("QUOTE_TEXT_INVALID")
    if where.is_forum and replied.raw.get("message_thread_id") != thread.get("message_thread_id", replied.thread_id):
        raise bad("message to be replied not found")
    return {**inherited_thread(replied), "reply_to_message": flat(replied)}


def flat(message: Message) -> Json:
    """A message as it appears inside its reply: without the message it replies to itself."""
    return {key: value for key, value in message.raw.items() if key != "reply_to_message"}


def inherited_thread(replied: Message) -> Json:
    """A reply in a supergroup belongs to the thread of the message replied to."""
    if replied.thread_id is not None:
        part: Json = {"message_thread_id": replied.thread_id}
        if replied.raw.get("is_topic_message"):
            part["is_topic_message"] = True
        return part
    if replied.chat.type == "supergroup" and not replied.chat.is_forum:
        return {"message_thread_id": replied.id}
    return {}


def _post(world: World, chat: Chat, params: Params, content: Json) -> Json:
    markup = check_markup(params.mapping("reply_markup"))
    thread = _thread(world, chat, params)
    body = {**_reply(world, chat, params, thread), **thread, **content}
    if markup:
        body["reply_markup"] = markup
    sender = None if chat.type == "channel" else world.bot
    return world.add_message(chat, sender, body, from_bot=True).raw


def send_message(world: World, params: Params) -> Json:
    """``sendMessage``."""
    chat = world.target(params)
    formatted = _text(params, "message is too long")
    content: Json = {"text": formatted.text}
    if formatted.entities:
        content["entities"] = formatted.entities
    return _post(world, chat, params, content)


def send_document(world: World, params: Params) -> Json:
    """``sendDocument``, by upload or by file id."""
    chat = world.target(params)
    caption = params.formatted("caption", "caption_entities")
    if utf16.length(caption.text) > MAX_CAPTION:
        raise bad("message caption is too long")
    stored, name, mime = _document(world, params)
    content: Json = {"document": {**stored.json(), "file_name": name, "mime_type": mime}}
    if caption.text:
        content["caption"] = caption.text
        if caption.entities:
            content["caption_entities"] = caption.entities
    return _post(world, chat, params, content)


def _document(world: World, params: Params) -> tuple[StoredFile, str, str]:
    given = params.text("document")
    upload: Upload | None = params.files.get("document")
    if given.startswith("attach://"):
        upload = params.files.get(given.removeprefix("attach://"))
    if upload is not None:
        if not upload.body:
            raise bad("file must be non-empty")
        if len(upload.body) > MAX_UPLOAD:
            raise ApiError(413, "Request Entity Too Large")
        return world.store_file(upload.body, upload.filename, "documents"), upload.filename, upload.content_type
    if not given:
        raise bad("there is no document in the request")
    if given in world.files:
        return world.files[given], "file", "application/octet-stream"
    if "://" in given:
        raise bad("failed to get HTTP URL content")
    raise bad("wrong remote file identifier specified: Wrong string length")


def _editable(world: World, params: Params) -> Message:
    if params.text("inline_message_id"):
        raise bad("MESSAGE_ID_INVALID")
    chat = world.target(params)
    message_id = params.integer("message_id")
    if not message_id:
        raise bad("message identifier is not specified")
    message = world.find(chat, message_id)
    if message is None:
        raise bad("message to edit not found")
    if not message.from_bot:
        raise bad("message can't be edited")
    return message


def _apply(world: World, message: Message, changes: Json) -> Json:
    if all(message.raw.get(key) == value for key, value in changes.items()):
        raise bad(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    world.edit_message(message, changes)
    return message.raw


def edit_message_text(world: World, params: Params) -> Json:
    """``editMessageText``. A keyboard not sent again is removed, as on Telegram."""
    message = _editable(world, params)
    formatted = _text(params, "MESSAGE_TOO_LONG")
    if "text" not in message.raw:
        raise bad("there is no text in the message to edit")
    markup = check_markup(params.mapping("reply_markup"), inline_only=True)
    changes: Json = {"text": formatted.text, "entities": formatted.entities or None, "reply_markup": markup}
    return _apply(world, message, changes)


def edit_message_reply_markup(world: World, params: Params) -> Json:
    """``editMessageReplyMarkup``."""
    message = _editable(world, params)
    markup = check_markup(params.mapping("reply_markup"), inline_only=True)
    return _apply(world, message, {"reply_markup": markup})


def delete_message(world: World, params: Params) -> bool:
    """``deleteMessage``: the bot's own messages, a reader's in private chats, any where it is an admin."""
    chat = world.target(params)
    message = world.find(chat, params.integer("message_id"))
    if message is None:
        raise bad("message to delete not found")
    may = message.from_bot or chat.type == "private" or chat.bot_status == "administrator"
    if not may or time.time() - message.raw["date"] > 48 * 3600:
        raise bad("message can't be deleted for everyone")
    message.deleted = True
    world.note(chat.id, world.bot.first_name, f"(deletes #{message.id})")
    return True


def send_chat_action(world: World, params: Params) -> bool:
    """``sendChatAction``."""
    chat = world.target(params)
    action: Any = params.text("action")
    if action not in _ACTIONS:
        raise bad("wrong parameter action in request")
    _thread(world, chat, params)
    world.note(chat.id, world.bot.first_name, f"({action.replace('_', ' ')}…)")
    return True
