"""`kibaru-bot`: for now, it says what is missing before the bot can run."""

from __future__ import annotations

import sys

from kibaru.errors import KibaruError
from kibaru.newsroom import Kibaru
from kibaru.settings import load_settings


def main() -> None:
    """Check the token and the archive; exit with 2 and a line for what is missing."""
    try:
        settings = load_settings()
        if settings.telegram_bot_token is None:
            raise KibaruError("TELEGRAM_BOT_TOKEN is not set: get a token from @BotFather and put it into .env.")
        with Kibaru(settings) as kibaru:
            kibaru.check()
    except KibaruError as error:
        print(f"kibaru-bot: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    print("kibaru-bot: token and archive are there, but this version cannot talk to Telegram yet.", file=sys.stderr)
    sys.exit(2)
