"""The bot's settings, beside those of the library, from the same environment and the same `.env`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from kibaru import Settings
from kibaru.settings import loaded


class BotSettings(Settings):
    """Who may do what, how long things are kept, and how the bot is reached; each field is `KIBARU_<FIELD>`, but for
    the token."""

    telegram_bot_token: SecretStr | None = Field(
        default=None,
        validation_alias="TELEGRAM_BOT_TOKEN",
        description="The token of the bot, from @BotFather. Only kibaru-bot needs it.",
    )
    admins: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(), description="Telegram numbers of those who may publish, separated by commas."
    )
    newsroom: str = Field(default="Kibaru", description="The newsroom's name, as readers see it in /about.")
    retention_days: int = Field(default=90, ge=1, description="How many days readers' questions are kept.")
    key_days: int = Field(
        default=30, ge=1, description="How often, in days, the key of readers' fingerprints is replaced."
    )
    questions_per_minute: int = Field(
        default=20, ge=1, description="Questions that one reader may ask within a minute; more are refused politely."
    )
    queue: int = Field(
        default=500, ge=1, description="Questions that may wait at once; who asks more is told to come back."
    )
    deadline: float = Field(
        default=30.0,
        ge=1,
        le=600,
        description="Seconds within which a reader has an answer, or is told to come back in a minute. A question "
        "waits for a sixth of it at most before its turn comes; raise it when one question alone takes seconds, as "
        "with a reranker.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="How kibaru-bot logs: text, lines for people; or json, an object a line."
    )
    bot_metrics: str = Field(
        default="",
        pattern=r"^(.*:\d{1,5})?$",
        description="Host and port of an HTTP endpoint for Prometheus, for example 127.0.0.1:9464; without it there "
        "is none. Whoever can reach it sees counts and ages, no words and no names.",
    )
    webhook_url: str | None = Field(
        default=None, description="The public https address of a webhook; without it, the bot polls Telegram."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="The secret token of the webhook; without it, a new one is made at each start."
    )
    webhook_listen: str = Field(
        default="127.0.0.1:8443", description="Host and port on which the webhook's server listens."
    )
    telegram_api: str = Field(
        default="https://api.telegram.org", description="The Bot API server; set it to use one of your own."
    )
    sync_minutes: int = Field(
        default=0,
        ge=0,
        description="How often, in minutes, kibaru-bot fetches what is new in the sources and tells admins; 0 is "
        "never.",
    )

    @field_validator("admins", mode="before")
    @classmethod
    def _separated(cls, value: object) -> object:
        return [part for part in re.split(r"[\s,;]+", value) if part] if isinstance(value, str) else value


def load_bot_settings() -> BotSettings:
    """The settings of bot and library in force. Raises BadInput when one is not usable."""
    return loaded(BotSettings)
