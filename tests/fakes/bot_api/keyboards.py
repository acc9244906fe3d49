"""Checks on ``reply_markup``."""

from __future__ import annotations

from typing import Any

from .errors import bad
from .urls import url_problem

MAX_BUTTONS = 100
MAX_DATA_BYTES = 64
_KINDS = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "pay", "callback_game",
)  # fmt: skip


def check_markup(markup: dict[str, Any] | None, *, inline_only: bool = False) -> dict[str, Any] | None:
    """The markup as a message keeps it: ``None`` for an empty keyboard or one that is not part of a message."""
    if not markup:
        return None
    if "inline_keyboard" in markup:
        return inline_keyboard(markup)
    if inline_only:
        raise bad("inline keyboard expected")
    if "keyboard" in markup:
        rows = markup["keyboard"]
        if not isinstance(rows, list) or not any(rows):
            raise bad("reply keyboard must be non-empty")
        for button in (button for row in rows for button in row):
            text = button if isinstance(button, str) else button.get("text")
            if not text:
                raise bad("keyboard button text must be non-empty")
        return None
    if "remove_keyboard" in markup or "force_reply" in markup:
        return None
    raise bad("object expected as reply markup")


def inline_keyboard(markup: dict[str, Any]) -> dict[str, Any] | None:
    """Check an inline keyboard and drop its empty rows."""
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list):
        raise bad('field "inline_keyboard" must be of type Array')
    kept: list[list[dict[str, Any]]] = []
    for row in rows:
        if not isinstance(row, list):
            raise bad("can't parse inline keyboard button: expected an Array of InlineKeyboardButton")
        if row:
            kept.append([_button(button) for button in row])
    if sum(map(len, kept)) > MAX_BUTTONS:
        raise bad("REPLY_MARKUP_TOO_LONG")
    return {"inline_keyboard": kept} if kept else None


def _button(button: Any) -> dict[str, Any]:
    prefix = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad(prefix + "expected an Object")
    text = button.get("text")
    if text is None:
        raise bad(prefix + 'Can\'t find field "text"')
    if not isinstance(text, str):
        raise bad(prefix + 'Field "text" must be of type String')
    if not text.strip():
        raise bad("inline keyboard button text must be non-empty")
    kinds = [kind for kind in _KINDS if button.get(kind) is not None]
    if not kinds:
        raise bad(prefix + "Text buttons are unallowed in the inline keyboard")
    if len(kinds) > 1:
        raise bad("BUTTON_TYPE_INVALID")
    kind = kinds[0]
    if kind == "callback_data":
        data = button[kind]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= MAX_DATA_BYTES:
            raise bad("BUTTON_DATA_INVALID")
    elif kind == "url":
        problem = url_problem(button[kind])
        if not button[kind]:
            raise bad("BUTTON_URL_INVALID")
        if problem:
            raise bad(f"inline keyboard button URL '{button[kind]}' is invalid: {problem}")
    elif kind == "copy_text" and not 1 <= len(button[kind].get("text", "")) <= 256:
        raise bad("BUTTON_COPY_TEXT_INVALID")
    return dict(button)
