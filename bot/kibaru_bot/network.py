"""Calls to Telegram: within its flood limits, and again when the network or Telegram itself failed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from aiolimiter import AsyncLimiter
from telegram.error import BadRequest, Forbidden, NetworkError
from telegram.ext import AIORateLimiter

log = logging.getLogger(__name__)

_UNLIMITED = frozenset({"sendChatAction", "answerCallbackQuery", "answerInlineQuery"})
"""Telegram counts messages; what a reader sees at once must not queue behind them."""

PER_SECOND = 28
"""Messages a second in all; Telegram allows about 30."""

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
_RETRIED = ("send", "edit", "delete", "answer", "getFile")

_ReturnedJson = bool | dict[str, Any] | list[dict[str, Any]]


class Limiter(AIORateLimiter):
    """PER_SECOND messages in all, 20 a minute to one group, about one a second to one reader with bursts of five."""

    def __init__(self) -> None:
        super().__init__(
            overall_max_rate=PER_SECOND, overall_time_period=1, group_max_rate=19, group_time_period=60, max_retries=5
        )
        self._chats: dict[int, AsyncLimiter] = {}

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, _ReturnedJson]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> _ReturnedJson:
        """Make a call when the limits allow, and make it again after a pause when it did not get through."""
        for pause in (*_PAUSES, None):
            try:
                if endpoint in _UNLIMITED:
                    return await callback(*args, **kwargs)
                await self._pace(endpoint, data)
                return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)
            except (BadRequest, Forbidden):
                raise
            except NetworkError as error:
                if pause is None or not endpoint.startswith(_RETRIED) or endpoint == "sendChatAction":
                    raise
                log.info("%s failed (%s), again in %.1f s", endpoint, type(error).__name__, pause)
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _pace(self, endpoint: str, data: dict[str, Any]) -> None:
        chat = data.get("chat_id")
        if not isinstance(chat, int) or chat <= 0 or not endpoint.startswith(("send", "edit")):
            return
        if len(self._chats) > 2_000:
            self._chats = {id: limiter for id, limiter in self._chats.items() if not limiter.has_capacity(5)}
        await self._chats.setdefault(chat, AsyncLimiter(5, 5)).acquire()
