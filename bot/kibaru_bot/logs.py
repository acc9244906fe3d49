"""The log: a line an event, for people or as JSON for programs, and never a secret in it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from kibaru.terminal import harmless, json_line
from kibaru_bot.settings import BotSettings


def set_up_logging(settings: BotSettings) -> None:
    """Log to standard error as the settings say."""
    handler = logging.StreamHandler()
    kind = _Json if settings.log_format == "json" else _Text
    handler.setFormatter(kind(secrets_of(settings)))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs each address
    logging.getLogger("telegram.ext").addFilter(_is_said_nowhere_else)


def _is_said_nowhere_else(record: logging.LogRecord) -> bool:
    """Not the traceback of a token that Telegram does not know: the command ends with a line about that."""
    from telegram.error import InvalidToken  # which whoever logs this has imported

    return not (record.exc_info and isinstance(record.exc_info[1], InvalidToken))


def secrets_of(settings: BotSettings) -> list[str]:
    """What must not be told anybody."""
    kept = (settings.telegram_bot_token, settings.webhook_secret)
    return [secret for each in kept if each and (secret := each.get_secret_value())]


def without(secrets: Sequence[str], text: str) -> str:
    """The text with a word in place of each secret, which libraries put into addresses and errors."""
    for secret in secrets:
        for written in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]):
            text = text.replace(written, "SECRET")
    return text


class _Text(logging.Formatter):
    """As people read it."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return harmless(without(self._secrets, super().format(record)))


class _Json(_Text):
    """An object a line: `time` (ISO, UTC), `level`, `logger`, `message`, and a traceback as `error` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without(self._secrets, record.getMessage()),
        }
        if record.exc_info:
            line["error"] = without(self._secrets, self.formatException(record.exc_info))
        return json_line(line)
