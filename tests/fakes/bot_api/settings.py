"""Methods about the bot itself, its commands, chats, files and webhook."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from .errors import ApiError, bad
from .model import Chat, Json
from .params import Params
from .world import Webhook, World

MAX_DOWNLOAD = 20 * 1024 * 1024
_SCOPES = {
    "default", "all_private_chats", "all_group_chats", "all_chat_administrators",
    "chat", "chat_administrators", "chat_member",
}  # fmt: skip
_LIMITS = {"name": 64, "description": 512, "short_description": 120}
_LANGUAGE = re.compile(r"[a-z]{2}")

Key = tuple[str, int, int, str]


def get_me(world: World, params: Params) -> Json:
    """``getMe``."""
    return world.me()


def log_out(world: World, params: Params) -> bool:
    """``logOut``: every later call is refused."""
    world.logged_out = True
    return True


def close(world: World, params: Params) -> bool:
    """``close``."""
    return True


def _language(params: Params) -> str:
    code = params.text("language_code")
    if code and not _LANGUAGE.fullmatch(code):
        raise bad("LANG_CODE_INVALID")
    return code


def _scope(world: World, params: Params) -> Key:
    scope = params.mapping("scope") or {"type": "default"}
    kind = scope.get("type")
    if kind not in _SCOPES:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    chat_id = user_id = 0
    if kind.startswith("chat"):
        chat_id = world.target(Params(dict(scope))).id
    if kind == "chat_member":
        user_id = int(scope.get("user_id") or 0)
        if user_id not in world.users:
            raise bad("invalid user_id specified")
    return kind, chat_id, user_id, _language(params)


def set_my_commands(world: World, params: Params) -> bool:
    """``setMyCommands``."""
    key = _scope(world, params)
    commands = params.array("commands")
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    kept: list[Json] = []
    for command in commands:
        name = str(command.get("command", "")).lstrip("/")
        description = str(command.get("description", "")).strip()
        if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        kept.append({"command": name, "description": description})
    world.commands[key] = kept
    world.changed.notify_all()
    return True


def get_my_commands(world: World, params: Params) -> list[Json]:
    """``getMyCommands``: exactly this scope and language."""
    return world.commands.get(_scope(world, params), [])


def delete_my_commands(world: World, params: Params) -> bool:
    """``deleteMyCommands``."""
    world.commands.pop(_scope(world, params), None)
    return True


def _set_profile(world: World, params: Params, field: str) -> bool:
    value = params.text(field).strip()
    if len(value) > _LIMITS[field]:
        raise bad(f"bot {field.replace('_', ' ')} is too long")
    world.profile[field, _language(params)] = value
    return True


def _get_profile(world: World, params: Params, field: str) -> Json:
    language = _language(params)
    fallback = world.profile.get((field, ""), world.bot.first_name if field == "name" else "")
    return {field: world.profile.get((field, language)) or fallback}


def set_my_name(world: World, params: Params) -> bool:
    """``setMyName``."""
    return _set_profile(world, params, "name")


def set_my_description(world: World, params: Params) -> bool:
    """``setMyDescription``."""
    return _set_profile(world, params, "description")


def set_my_short_description(world: World, params: Params) -> bool:
    """``setMyShortDescription``."""
    return _set_profile(world, params, "short_description")


def get_my_name(world: World, params: Params) -> Json:
    """``getMyName``."""
    return _get_profile(world, params, "name")


def get_my_description(world: World, params: Params) -> Json:
    """``getMyDescription``."""
    return _get_profile(world, params, "description")


def get_my_short_description(world: World, params: Params) -> Json:
    """``getMyShortDescription``."""
    return _get_profile(world, params, "short_description")


def get_chat(world: World, params: Params) -> Json:
    """``getChat``."""
    chat = world.target(params)
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    full: Json = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, False)}
    if chat.linked is not None:
        full["linked_chat_id"] = chat.linked.id
    return {**chat.json(), **full}


def member_status(chat: Chat, user_id: int, bot_id: int) -> str:
    """A user's standing in a chat."""
    if user_id == bot_id:
        return chat.bot_status
    if chat.type == "private":
        return "member"
    return chat.members.get(user_id, "left")


def get_chat_member(world: World, params: Params) -> Json:
    """``getChatMember``."""
    chat = world.target(params)
    user = world.users.get(params.integer("user_id"))
    if user is None:
        raise bad("user not found")
    status = member_status(chat, user.id, world.bot.id)
    member: dict[str, Any] = {"user": user.json(), "status": status}
    if status == "creator":
        member["is_anonymous"] = False
    elif status == "kicked":
        member["until_date"] = 0
    elif status == "administrator":
        rights = (
            "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
            "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users",
            "can_post_stories", "can_edit_stories", "can_delete_stories",
        )  # fmt: skip
        member.update(dict.fromkeys(rights, False))
    return member


def get_file(world: World, params: Params) -> Json:
    """``getFile``."""
    stored = world.files.get(params.text("file_id"))
    if stored is None:
        raise bad("invalid file_id" if params.text("file_id") else "file_id not specified")
    if stored.size > MAX_DOWNLOAD:
        raise bad("file is too big")
    return {**stored.json(), "file_path": stored.path}


def set_webhook(world: World, params: Params) -> bool:
    """``setWebhook``. Plain HTTP is taken for this machine only."""
    url = params.text("url")
    if not url:
        return delete_webhook(world, params)
    parts = urlsplit(url)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if not local and (parts.port or 443) not in {443, 80, 88, 8443}:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    secret = params.text("secret_token")
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad("secret token contains unallowed characters")
    if params.flag("drop_pending_updates"):
        world.updates.pending.clear()
    if "allowed_updates" in params.values:
        world.updates.allow(params.array("allowed_updates"))
    connections = min(100, max(1, params.integer("max_connections", 40)))
    world.webhook = Webhook(url, secret, connections, generation=world.webhook.generation + 1)
    world.updates.wake()
    return True


def delete_webhook(world: World, params: Params) -> bool:
    """``deleteWebhook``."""
    if params.flag("drop_pending_updates"):
        world.updates.pending.clear()
    world.webhook = Webhook(generation=world.webhook.generation + 1)
    world.updates.wake()
    return True


def get_webhook_info(world: World, params: Params) -> Json:
    """``getWebhookInfo``."""
    hook = world.webhook
    info: Json = {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates.pending),
    }
    if hook.url:
        info["max_connections"] = hook.max_connections
    if hook.last_error:
        info.update(last_error_date=hook.last_error_date, last_error_message=hook.last_error)
    if world.updates.allowed:
        info["allowed_updates"] = sorted(world.updates.allowed)
    return info


def check_can_poll(world: World) -> None:
    """Refuse ``getUpdates`` while a webhook is set."""
    if world.webhook.url:
        problem = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        raise ApiError(409, problem)
