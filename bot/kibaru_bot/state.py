"""What every handler needs, found from its context."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from telegram import User
from telegram.ext import Application, CallbackContext, ExtBot

from kibaru.types import Article
from kibaru_bot.archive_service import ArchiveService
from kibaru_bot.messages import Catalogue
from kibaru_bot.metrics import Metrics
from kibaru_bot.rate_limit import RateLimit
from kibaru_bot.readers import identify, is_admin
from kibaru_bot.settings import BotSettings

_Data = dict[Any, Any]
BotApplication = Application[Any, Any, Any, Any, Any, Any]


@dataclass(slots=True)
class BotState:
    """The running bot.

    Attributes:
        settings: The settings in force.
        service: The archive and the bot's tables, to be awaited.
        rate_limit: How many questions each reader has asked lately.
        metrics: What is counted.
        examples: For each language, the example questions' articles, and the archive's state when they were chosen.
        rebuilding: Whether an admin's rebuild is running.
    """

    settings: BotSettings
    service: ArchiveService
    rate_limit: RateLimit
    metrics: Metrics
    examples: dict[str, tuple[object, list[Article]]] = field(default_factory=dict)
    rebuilding: bool = False

    async def words(self, user: User) -> Catalogue:
        """The sentences in the interface language of this user."""
        return (await self.service.with_store(lambda store: identify(store, user, None))).words

    def is_admin(self, user: User | None) -> bool:
        """Whether this user may publish."""
        return is_admin(self.settings, user)


class BotContext(CallbackContext[ExtBot[Any], _Data, _Data, _Data]):
    """The context of a handler, with the state of the running bot."""

    @property
    def state(self) -> BotState:
        """The state of the running bot."""
        state: BotState = self.bot_data["state"]
        return state
