"""Which methods there are, and what every call goes through before its own checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import queries, sending, settings
from .errors import ApiError, bad, too_many
from .params import Params
from .world import World

Method = Callable[[World, Params], Any]

METHODS: dict[str, Method] = {
    "getme": settings.get_me,
    "logout": settings.log_out,
    "close": settings.close,
    "setwebhook": settings.set_webhook,
    "deletewebhook": settings.delete_webhook,
    "getwebhookinfo": settings.get_webhook_info,
    "sendmessage": sending.send_message,
    "senddocument": sending.send_document,
    "sendchataction": sending.send_chat_action,
    "editmessagetext": sending.edit_message_text,
    "editmessagereplymarkup": sending.edit_message_reply_markup,
    "deletemessage": sending.delete_message,
    "answercallbackquery": queries.answer_callback_query,
    "answerinlinequery": queries.answer_inline_query,
    "setmycommands": settings.set_my_commands,
    "getmycommands": settings.get_my_commands,
    "deletemycommands": settings.delete_my_commands,
    "setmyname": settings.set_my_name,
    "getmyname": settings.get_my_name,
    "setmydescription": settings.set_my_description,
    "getmydescription": settings.get_my_description,
    "setmyshortdescription": settings.set_my_short_description,
    "getmyshortdescription": settings.get_my_short_description,
    "getchat": settings.get_chat,
    "getchatmember": settings.get_chat_member,
    "getfile": settings.get_file,
}
"""By lower-cased name: Telegram's method names are case-insensitive. ``getUpdates`` waits, so it is elsewhere."""

COUNTED = {"sendmessage", "senddocument", "editmessagetext", "editmessagereplymarkup"}
"""Methods the flood limits count."""


def perform(world: World, method: str, params: Params) -> Any:
    """Run a method; its result, or ``ApiError``."""
    if world.logged_out:
        raise bad("Logged out")
    run = METHODS.get(method.lower())
    if run is None:
        raise ApiError(404, "Not Found: method not found")
    if method.lower() in COUNTED:
        _check_flood(world, params)
    return run(world, params)


def _check_flood(world: World, params: Params) -> None:
    chat = world.target(params)
    wait = world.gate.retry_after(chat.id)
    if wait:
        world.too_many += 1
        raise too_many(wait)
