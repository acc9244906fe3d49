"""What people do: the half of the server that speaks for readers and admins."""

from __future__ import annotations

import copy
import re
import time
from typing import Any

from . import attachments, utf16
from .model import Chat, InlineQuery, Json, Message, Press, User
from .sending import flat, inherited_thread
from .world import World

Place = User | Chat
_DETECT = re.compile(
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?)|(?P<mention>(?<!\w)@\w{4,32})"
    r"|(?P<url>https?://[^\s<>]+)|(?P<hashtag>(?<!\w)#\w+)"
)


def detect(text: str) -> list[Json]:
    """Entities that Telegram finds by itself in what people write."""
    return [
        {
            "type": found.lastgroup,
            "offset": utf16.length(text[: found.start()]),
            "length": utf16.length(found.group()),
        }
        for found in _DETECT.finditer(text)
    ]


class Actors:
    """Helpers that let a test speak. Every message returned is a snapshot; see ``current``."""

    world: World
    privacy_mode: bool

    def chat_of(self, place: Place) -> Chat:
        """The chat itself, or the private chat of a user with the bot."""
        return place if isinstance(place, Chat) else self.world.private_chat(place)

    def say(
        self,
        user: User,
        chat: Place,
        text: str,
        *,
        reply_to: Message | None = None,
        topic: int | None = None,
        forward_from: User | Chat | str | None = None,
        **extra: Any,
    ) -> Message:
        """``user`` writes in ``chat`` (a ``User`` is her private chat with the bot).

        ``extra`` are further fields of the Bot API ``Message``; ``entities`` replaces those found in the text.
        """
        if utf16.length(text) > 4096:
            raise ValueError("Telegram's apps split texts longer than 4,096 units; send the parts")
        body: Json = {"text": text}
        entities = extra.pop("entities", None) or detect(text)
        if entities:
            body["entities"] = entities
        return self._speak(user, chat, {**body, **extra}, reply_to, topic, forward_from)

    def send_file(
        self,
        user: User,
        chat: Place,
        name: str,
        body: bytes,
        *,
        kind: str = "document",
        caption: str = "",
        mime_type: str | None = None,
        size: int | None = None,
        reply_to: Message | None = None,
        topic: int | None = None,
        forward_from: User | Chat | str | None = None,
        **extra: Any,
    ) -> Message:
        """Send a file: ``kind`` is document, voice, photo, sticker, audio, video, video_note or animation.

        ``size`` is the size Telegram reports, when it should differ from the body's (a 30 MB file, say).
        """
        content = attachments.content(self.world, kind, name, body, mime_type, size)
        if caption:
            content["caption"] = caption
            if detect(caption):
                content["caption_entities"] = detect(caption)
        return self._speak(user, chat, {**content, **extra}, reply_to, topic, forward_from)

    def send_location(self, user: User, chat: Place) -> Message:
        """Send a place on the map, a kind of message with neither text nor file."""
        return self._speak(user, chat, {"location": {"latitude": 12.65, "longitude": -8.0}}, None, None, None)

    def _speak(
        self,
        user: User,
        place: Place,
        body: Json,
        reply_to: Message | None,
        topic: int | None,
        forward_from: User | Chat | str | None,
    ) -> Message:
        with self.world.changed:
            chat = self.chat_of(place)
            if user.blocked and chat.type == "private":
                raise ValueError(f"{user.first_name} has blocked the bot: unblock first")
            if chat.type != "private":
                chat.members.setdefault(user.id, "member")
            if topic is not None:
                thread: Json = {"message_thread_id": topic, "is_topic_message": True}
                opening = self.world.find(chat, topic)
                if opening is not None:  # Telegram shows it as the message replied to
                    thread["reply_to_message"] = flat(opening)
                body = {**thread, **body}
            if reply_to is not None:
                live = self._live(reply_to)
                body = {**body, **inherited_thread(live), "reply_to_message": flat(live)}
            if forward_from is not None:
                body = {"forward_origin": _origin(forward_from), **body}
            message = self.world.add_message(chat, user, body)
            self._deliver(message)
            return copy.copy(message)

    def _deliver(self, message: Message, kind: str = "message") -> None:
        chat = message.chat
        if chat.bot_status in {"left", "kicked"}:
            return
        if self.privacy_mode and chat.type in {"group", "supergroup"} and not self._for_bot(message):
            return
        self.world.updates.push(kind, message.raw)

    def _for_bot(self, message: Message) -> bool:
        """Whether a bot in privacy mode sees a group message."""
        name = f"@{self.world.bot.username}"
        replied = message.raw.get("reply_to_message", {}).get("from", {}).get("id")
        return message.text.startswith("/") or name in message.text or replied == self.world.bot.id

    def _live(self, message: Message) -> Message:
        found = self.world.messages[message.chat.id].get(message.id)
        if found is None:
            raise LookupError(f"no message {message.id} in that chat")
        return found

    def current(self, message: Message) -> Message:
        """The message as it stands now."""
        with self.world.changed:
            return copy.copy(self._live(message))

    def edit(self, user: User, message: Message, text: str) -> Message:
        """``user`` edits her own message (its text, or its caption)."""
        with self.world.changed:
            live = self._live(message)
            if live.raw.get("from", {}).get("id") != user.id:
                raise ValueError("people edit their own messages only")
            key = "text" if "text" in live.raw else "caption"
            found = "entities" if key == "text" else "caption_entities"
            self.world.edit_message(live, {key: text, found: detect(text) or None})
            self._deliver(live, "edited_message")
            return copy.copy(live)

    def press(self, user: User, message: Message, label: str) -> Press:
        """``user`` presses the button so labelled (or whose label contains it, when only one does)."""
        with self.world.changed:
            live = self._live(message)
            if live.deleted:
                raise LookupError("that message was deleted")
            buttons = [button for row in live.buttons for button in row]
            fitting = [b for b in buttons if b["text"] == label] or [b for b in buttons if label in b["text"]]
            if len(fitting) != 1:
                raise LookupError(f"no single button {label!r} among {live.labels}")
            return self._press(user, live, fitting[0])

    def _press(self, user: User, live: Message, button: Json) -> Press:
        if "callback_data" not in button:
            raise LookupError(f"the button {button['text']!r} opens something, it calls nothing back")
        world = self.world
        press = Press(
            str(10**17 + world.serial()), user, live, button["callback_data"], button["text"], time.monotonic()
        )
        world.presses[press.id] = press
        query = {"id": press.id, "from": user.json(), "message": live.raw, "chat_instance": f"i{live.chat.id}"}
        world.note(live.chat.id, user.first_name, f"(presses [{press.label}] of #{live.id})")
        world.updates.push("callback_query", {**query, "data": press.data})
        return press

    def inline(self, user: User, query: str, *, offset: str = "", chat_type: str = "supergroup") -> InlineQuery:
        """``user`` types ``@bot query`` somewhere; the answer appears in the returned object."""
        with self.world.changed:
            asked = InlineQuery(str(10**18 + self.world.serial()), user, query, time.monotonic())
            self.world.inline[asked.id] = asked
            self.world.note(user.id, user.first_name, f"(types @{self.world.bot.username} {query})")
            body = {"id": asked.id, "from": user.json(), "query": query, "offset": offset, "chat_type": chat_type}
            self.world.updates.push("inline_query", body)
            return asked

    def choose(self, inline: InlineQuery, result_id: str, chat: Place) -> Message:
        """The user posts one of the offered results in ``chat``."""
        with self.world.changed:
            result = next(kept for kept in inline.results if kept["id"] == result_id)
            content = {**result.get("message", {"text": ""}), "via_bot": self.world.bot.json()}
            message = self._speak(inline.user, chat, content, None, None, None)
            chosen = {"result_id": result_id, "from": inline.user.json(), "query": inline.query}
            self.world.updates.push("chosen_inline_result", chosen)
            return message


def _origin(source: User | Chat | str) -> Json:
    date = int(time.time()) - 3600
    if isinstance(source, User):
        return {"type": "user", "date": date, "sender_user": source.json()}
    if isinstance(source, Chat):
        return {"type": "channel", "date": date, "chat": source.json(), "message_id": 1}
    return {"type": "hidden_user", "date": date, "sender_user_name": source}
