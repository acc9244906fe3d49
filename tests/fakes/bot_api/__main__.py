"""Talk to a bot by hand, without Telegram: ``python -m fakes.bot_api --port 8081`` in the ``tests`` folder.

Point the bot at the printed addresses and token. What you type is a reader's message; ``>label`` presses
the button of the latest message that has one so labelled; ``+path`` sends a file; ``?words`` is an inline query.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from pathlib import Path

from . import BotApiServer, User
from .transcript import write


def show(api: BotApiServer) -> None:
    """Print what the bot does, as it does it."""
    shown = 0
    while True:
        with api.world.changed:
            api.world.changed.wait()
            events = list(api.world.log)
        lines = write(event for event in events[shown:] if event.speaker == api.bot.first_name)
        shown = len(events)
        if lines:
            print(lines, flush=True)


def act(api: BotApiServer, reader: User, line: str) -> None:
    """Do what a typed line says."""
    if line.startswith(">"):
        shown = [
            message for message in api.messages(reader, from_bot=True) if any(line[1:] in x for x in message.labels)
        ]
        if not shown:
            raise LookupError(f"no message has a button {line[1:]!r}")
        api.press(reader, shown[-1], line[1:])
    elif line.startswith("+"):
        path = Path(line[1:])
        api.send_file(reader, reader, path.name, path.read_bytes())
    elif line.startswith("?"):
        api.inline(reader, line[1:])
    elif line:
        api.say(reader, reader, line)


def main() -> None:
    """Serve until the end of input."""
    parser = argparse.ArgumentParser(prog="python -m fakes.bot_api", description=__doc__)
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--user-id", type=int, default=5_000_000_001, help="the reader's Telegram id")
    parser.add_argument("--language", default="fr", help="the reader's language code")
    options = parser.parse_args()
    with BotApiServer(port=options.port) as api:
        print(f"token {api.token}\nbase_url {api.base_url}\nbase_file_url {api.base_file_url}", flush=True)
        reader = api.user("You", id=options.user_id, language_code=options.language)
        threading.Thread(target=show, args=(api,), daemon=True).start()
        for line in sys.stdin:
            try:
                act(api, reader, line.rstrip("\n"))
            except (LookupError, OSError, ValueError) as error:
                print(f"! {error}", flush=True)
        with contextlib.suppress(TimeoutError):
            api.quiet(1)


if __name__ == "__main__":
    main()
