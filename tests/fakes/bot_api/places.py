"""The people and places of a test: users, groups, topics, channels, and who is in them."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable

from .actors import Actors, detect
from .model import Chat, Json, Message, User

_SERVICE = User(777000, "Telegram")


class Places(Actors):
    """Helpers that set the scene."""

    def user(
        self,
        name: str,
        *,
        id: int | None = None,
        language_code: str | None = "fr",
        username: str | None = None,
    ) -> User:
        """A new person. The bot knows her private chat from her first message on."""
        with self.world.changed:
            person = User(id or 5_000_000_000 + self.world.serial(), name, username, language_code)
            self.world.users[person.id] = person
            return person

    def group(
        self,
        title: str,
        *,
        members: Iterable[User] = (),
        admins: Iterable[User] = (),
        forum: bool = False,
        basic: bool = False,
        bot_admin: bool = False,
        username: str | None = None,
    ) -> Chat:
        """A supergroup with the bot in it; ``basic``: an old-style small group."""
        with self.world.changed:
            number = self.world.serial()
            chat_id = -4_000_000 - number if basic else -1_002_000_000_000 - number
            chat = Chat(chat_id, "group" if basic else "supergroup", title, username, is_forum=forum)
            chat.members = {user.id: "member" for user in members} | {user.id: "administrator" for user in admins}
            chat.bot_status = "administrator" if bot_admin else "member"
            return self.world.add_chat(chat)

    def upgrade(self, group: Chat) -> Chat:
        """A basic group becomes a supergroup with another id."""
        with self.world.changed:
            new = self.group(group.title)
            new.members = dict(group.members)
            group.migrated_to = new
            self._deliver(self.world.add_message(group, _SERVICE, {"migrate_to_chat_id": new.id}))
            self._deliver(self.world.add_message(new, _SERVICE, {"migrate_from_chat_id": group.id}))
            return new

    def topic(self, group: Chat, name: str, *, by: User | None = None) -> int:
        """A new forum topic; its thread id."""
        if not group.is_forum:
            raise ValueError(f"{group.title} has no topics: group(..., forum=True)")
        with self.world.changed:
            opened = {"forum_topic_created": {"name": name, "icon_color": 0x6FB9F0}, "is_topic_message": True}
            message = self.world.add_message(group, by or _SERVICE, opened)
            message.raw = {**message.raw, "message_thread_id": message.id}
            group.topics[message.id] = name
            self._deliver(message)
            return message.id

    def close_topic(self, group: Chat, topic: int) -> None:
        """Close a topic: nobody may write there any more."""
        group.closed_topics.add(topic)

    def channel(self, title: str, *, linked: Chat | None = None, bot_admin: bool = False) -> Chat:
        """A channel; its posts are forwarded to the ``linked`` discussion group."""
        with self.world.changed:
            chat = Chat(-1_001_000_000_000 - self.world.serial(), "channel", title, linked=linked)
            chat.bot_status = "administrator" if bot_admin else "left"
            if linked is not None:
                linked.linked = chat
            return self.world.add_chat(chat)

    def post(self, channel: Chat, text: str) -> Message:
        """A channel post. Returns its copy in the linked group where there is one: comments reply to that."""
        with self.world.changed:
            body: Json = {"text": text, "sender_chat": channel.json()}
            if entities := detect(text):
                body["entities"] = entities
            post = self.world.add_message(channel, None, body)
            self._deliver(post, "channel_post")
            if channel.linked is None:
                return copy.copy(post)
            origin = {"type": "channel", "date": post.raw["date"], "chat": channel.json(), "message_id": post.id}
            body |= {"is_automatic_forward": True, "forward_origin": origin}
            forward = self.world.add_message(channel.linked, _SERVICE, body)
            self._deliver(forward)
            return copy.copy(forward)

    def block(self, user: User) -> None:
        """``user`` blocks the bot: messages to her answer 403."""
        self._membership(self.chat_of(user), user, "member", "kicked")
        user.blocked = True

    def unblock(self, user: User) -> None:
        """``user`` lets the bot write again."""
        self._membership(self.chat_of(user), user, "kicked", "member")
        user.blocked = False

    def remove_bot(self, chat: Chat, by: User) -> None:
        """``by`` removes the bot from a group or channel."""
        self._membership(chat, by, chat.bot_status, "kicked")
        chat.bot_status = "kicked"

    def _membership(self, chat: Chat, by: User, old: str, new: str) -> None:
        with self.world.changed:
            bot = self.world.bot.json()
            states = [
                {"user": bot, "status": status, **({"until_date": 0} if status == "kicked" else {})}
                for status in (old, new)
            ]
            body = {"chat": chat.json(), "from": by.json(), "date": int(time.time())}
            self.world.updates.push(
                "my_chat_member", {**body, "old_chat_member": states[0], "new_chat_member": states[1]}
            )
            self.world.note(chat.id, by.first_name, f"(sets the bot's status to {new})")

    def commands_for(self, user: User, chat: User | Chat | None = None) -> list[Json]:
        """The command menu ``user`` sees in ``chat`` (by default in her private chat), by Telegram's rules."""
        place = self.chat_of(chat or user)
        admin = place.members.get(user.id) in {"administrator", "creator"}
        scopes: list[tuple[str, int, int]] = []
        if place.type == "private":
            scopes += [("chat", place.id, 0), ("all_private_chats", 0, 0)]
        else:
            scopes.append(("chat_member", place.id, user.id))
            scopes += [("chat_administrators", place.id, 0)] if admin else []
            scopes.append(("chat", place.id, 0))
            scopes += [("all_chat_administrators", 0, 0)] if admin else []
            scopes.append(("all_group_chats", 0, 0))
        with self.world.changed:
            for scope in [*scopes, ("default", 0, 0)]:
                for language in (user.language_code or "", ""):
                    found = self.world.commands.get((*scope, language[:2]))
                    if found:
                        return found
        return []

    def profile(self, field: str, language_code: str = "") -> str:
        """The bot's ``name``, ``description`` or ``short_description`` as shown in a language."""
        with self.world.changed:
            shown = self.world.profile
            return shown.get((field, language_code[:2])) or shown.get((field, ""), "")
