"""Methods that answer button presses and inline queries."""

from __future__ import annotations

from typing import Any

from . import utf16
from .errors import bad
from .keyboards import check_markup
from .model import Json
from .params import Params, format_text
from .world import World

MAX_RESULTS = 50
_TYPES = {
    "article", "photo", "gif", "mpeg4_gif", "video", "audio", "voice", "document", "location", "venue", "contact",
    "game", "sticker",
}  # fmt: skip


def answer_callback_query(world: World, params: Params) -> bool:
    """``answerCallbackQuery``."""
    press = world.presses.get(params.text("callback_query_id"))
    world.live_query(press)
    assert press is not None
    text = params.text("text")
    if utf16.length(text) > 200:
        raise bad("MESSAGE_TOO_LONG")
    if params.text("url"):
        raise bad("URL_INVALID")
    press.answered, press.text, press.show_alert = True, text, params.flag("show_alert")
    world.note(press.message.chat.id, world.bot.first_name, f"(notice: {text})" if text else "(button stops spinning)")
    return True


def answer_inline_query(world: World, params: Params) -> bool:
    """``answerInlineQuery``."""
    query = world.inline.get(params.text("inline_query_id"))
    world.live_query(query)
    assert query is not None
    results = params.array("results")
    if len(results) > MAX_RESULTS:
        raise bad("RESULTS_TOO_MUCH")
    if len(params.text("next_offset").encode()) > 64:
        raise bad("NEXT_OFFSET_INVALID")
    checked = [_result(result, params.strict_entities) for result in results]
    ids = [result["id"] for result in checked]
    if len(set(ids)) < len(ids):
        raise bad("RESULT_ID_DUPLICATE")
    _check_start_button(params.mapping("button"))
    query.answered, query.results = True, checked
    names = ("cache_time", "is_personal", "next_offset", "button")
    query.answer = {name: params.data(name) if name != "next_offset" else params.text(name) for name in names}
    offers = [f"{result.get('title', '')} — {result.get('description', '')}" for result in checked]
    world.note(query.user.id, world.bot.first_name, "\n".join(["(offers)", *offers]))
    return True


def _check_start_button(button: Json | None) -> None:
    if button is None:
        return
    if not button.get("text"):
        raise bad("BUTTON_TEXT_INVALID")
    start = button.get("start_parameter")
    if start is not None:
        allowed = all(char.isascii() and (char.isalnum() or char in "_-") for char in start)
        if not 1 <= len(start) <= 64 or not allowed:
            raise bad("START_PARAM_INVALID")


def _result(result: Any, strict: bool) -> Json:
    prefix = "can't parse inline query result: "
    if not isinstance(result, dict):
        raise bad(prefix + "expected an Object")
    if result.get("type") not in _TYPES:
        raise bad(prefix + "unsupported inline query result type")
    result_id = result.get("id")
    if not isinstance(result_id, str) or not 1 <= len(result_id.encode()) <= 64:
        raise bad("RESULT_ID_INVALID")
    if result["type"] == "article":
        if not result.get("title"):
            raise bad("ARTICLE_TITLE_EMPTY" if "title" in result else prefix + 'Can\'t find field "title"')
        if "input_message_content" not in result:
            raise bad("INPUT_MESSAGE_CONTENT is not specified")
    checked = dict(result)
    content = result.get("input_message_content")
    if content is not None:
        checked["message"] = _content(content, strict)
    markup = check_markup(result.get("reply_markup"), inline_only=True)
    if markup:
        checked["message"] = {**checked.get("message", {}), "reply_markup": markup}
    return checked


def _content(content: Json, strict: bool) -> Json:
    """The message an inline result will post."""
    source = content.get("message_text")
    if not source:
        raise bad("message text is empty")
    formatted = format_text(source, content.get("parse_mode") or "", content.get("entities") or [], strict)
    if not formatted.text:
        raise bad("text must be non-empty")
    if utf16.length(formatted.text) > 4096:
        raise bad("MESSAGE_TOO_LONG")
    return {"text": formatted.text, **({"entities": formatted.entities} if formatted.entities else {})}
