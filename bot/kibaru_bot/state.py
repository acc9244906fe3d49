"""What every handler needs, found from its context."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from telegram import User
from telegram.ext import Application, CallbackContext, ExtBot

from kibaru.settings import Settings
from kibaru.types import Article
from kibaru_bot.backend import Newsdesk
from kibaru_bot.messages import Catalogue
from kibaru_bot.metrics import Watch
from kibaru_bot.readers import Pace, is_admin, recognised

_Data = dict[Any, Any]
Context = CallbackContext[ExtBot[Any], _Data, _Data, _Data]
App = Application[Any, Any, Any, Any, Any, Any]


@dataclass(slots=True)
class State:
    """The running bot: its newsdesk, readers' pace, what is watched, and cached example questions."""

    settings: Settings
    desk: Newsdesk
    pace: Pace
    watch: Watch
    examples: dict[str, tuple[object, list[Article]]] = field(default_factory=dict)
    rebuilding: bool = False

    async def words(self, user: User) -> Catalogue:
        """The sentences in the language of this user."""
        return (await self.desk.journal(lambda journal: recognised(journal, user, None))).words

    def is_admin(self, user: User | None) -> bool:
        return is_admin(self.settings, user)


def state(context: Context) -> State:
    """The state of the running bot."""
    return cast(State, context.bot_data["state"])
