"""People who press what is not theirs, press twice, order what they may not, and post what Telegram did not send."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bot.test_bot_admins import TEXT, admin, pressed
from bot.test_bot_conversations import BRIDGE, api, archive, asked, awa, bot, quotes
from bot.test_bot_running import index, process, webhook
from fakes.bot_api import BotApiServer, Message, Press, User

from kibaru_bot.store import BotStore

__all__ = ["admin", "api", "archive", "awa", "bot", "index"]  # fixtures


@pytest.fixture
def mallory(api: BotApiServer, bot: Any) -> Iterator[User]:
    reader = api.user("Mallory", language_code="fr")
    yield reader
    print(api.transcript(reader))


def forged(api: BotApiServer, who: User, message: Message, data: str) -> Press:
    """`who` sends `data` as if it stood behind a button of `message`."""
    with api.world.changed:
        return api._press(who, api._live(message), {"text": "?", "callback_data": data})


def answered(api: BotApiServer, press: Press) -> Press:
    """The press, once the bot has answered it."""
    api.wait_for(lambda: press.answered, timeout=10)
    return press


def handled(api: BotApiServer, who: User) -> None:
    """Wait until all that `who` has sent is dealt with: a chat's updates are handled in their order."""
    asked(api, who, "/latest")


def data_of(message: Message, label: str) -> str:
    (found,) = [b["callback_data"] for row in message.buttons for b in row if label in b["text"] and "url" not in b]
    return str(found)


def store_of(bot: Any) -> BotStore:
    store: BotStore = bot.bot_data["state"].service._store
    return store


def last_vote(bot: Any) -> bool | None:
    ((vote,),) = store_of(bot)._tables.rows("select helpful from questions order by id desc limit 1")
    return None if vote is None else bool(vote)


# Buttons of answers


def test_nobody_votes_on_the_answer_of_another(api: BotApiServer, awa: User, mallory: User, bot: Any) -> None:
    own = asked(api, mallory, BRIDGE)
    answer = asked(api, awa, BRIDGE)
    assert answered(api, forged(api, mallory, own, data_of(answer, "Pas utile"))).show_alert
    stolen = data_of(answer, "Pas utile").rsplit(":", 1)[0] + ":" + data_of(own, "Pas utile").rsplit(":", 1)[1]
    assert answered(api, forged(api, mallory, own, stolen)).show_alert
    group = api.group("Marché", members=[awa, mallory])
    there = api.answer_to(api.say(mallory, group, f"/ask {BRIDGE}"), timeout=10)
    assert answered(api, forged(api, mallory, there, data_of(answer, "Pas utile"))).show_alert
    assert store_of(bot).questions.judged() == []


def test_nobody_reads_what_another_asked(api: BotApiServer, awa: User, mallory: User) -> None:
    own = asked(api, mallory, BRIDGE)
    answer = asked(api, awa, "Combien coûte le kilo de noix de cajou ?")
    assert answered(api, forged(api, mallory, own, data_of(answer, "passages"))).show_alert
    for page in range(3):
        id = data_of(answer, "passages").split(":")[1]
        assert answered(api, forged(api, mallory, own, f"m:{id}:{page}:{'0' * 16}")).show_alert
    assert api.current(own).edits == 0
    assert "cajou" not in "".join(message.text for message in api.messages(mallory, from_bot=True))


def test_the_members_of_a_group_share_its_buttons(api: BotApiServer, awa: User, mallory: User, bot: Any) -> None:
    group = api.group("Marché", members=[awa, mallory])
    answer = api.answer_to(api.say(awa, group, f"/ask {BRIDGE}"), timeout=10)
    answered(api, api.press(mallory, answer, "Pas utile"))
    assert last_vote(bot) is False


def test_a_button_pressed_again_changes_nothing(api: BotApiServer, awa: User, bot: Any) -> None:
    answer = asked(api, awa, BRIDGE)
    utile, useless = data_of(answer, "👍"), data_of(answer, "Pas utile")
    forged(api, awa, answer, useless)
    edits = api.wait_edit(answer).edits
    for _ in range(3):
        answered(api, forged(api, awa, answer, utile))
    handled(api, awa)
    assert last_vote(bot) is False
    assert api.current(answer).edits == edits


def test_buttons_of_what_was_forgotten_are_too_old(api: BotApiServer, awa: User, bot: Any) -> None:
    answer = asked(api, awa, BRIDGE)
    asked(api, awa, "/forget")
    assert answered(api, api.press(awa, answer, "Pas utile")).show_alert


# Admins' commands and buttons


def test_a_reader_who_presses_admins_buttons_changes_nothing(
    api: BotApiServer, admin: User, mallory: User, bot: Any
) -> None:
    preview = asked(api, admin, f"/add La digue de Djenné\n{TEXT}")
    found = asked(api, admin, "/articles diallassagou")
    detail = pressed(api, admin, found, "Le pont de")
    remove = data_of(detail, "Retirer")
    own = asked(api, mallory, BRIDGE)
    theirs = [data_of(preview, "Publier"), data_of(preview, "Annuler"), remove, remove.replace("ar:", "ay:")]
    presses = [forged(api, mallory, own, data) for data in (*theirs, "al:0:", "au:1", "uc:")]
    handled(api, mallory)
    assert not any(press.answered for press in presses)
    assert api.current(own).edits == 0
    assert not any(message.document for message in api.messages(mallory))
    assert "84 mètres" in "".join(quotes(asked(api, mallory, BRIDGE)))
    published = pressed(api, admin, preview, "Publier")  # what the reader pressed was neither done nor lost
    assert published.text.startswith("Publié : 1 nouveau,")


def test_what_an_admin_wrote_is_no_order_when_a_reader_forwards_it(
    api: BotApiServer, admin: User, mallory: User
) -> None:
    unknown = asked(api, mallory, "/nothing").text
    for command in ("/rebuild", "/status", "/unanswered", f"/add Faux\n{TEXT}", "/articles"):
        said = api.say(mallory, mallory, command, forward_from=admin)
        assert api.answer_to(said, timeout=10).text == unknown
    file = api.send_file(mallory, mallory, "faux.txt", f"Faux\n\n{TEXT}".encode(), forward_from=admin)
    assert "que le texte" in api.answer_to(file, timeout=10).text


def test_what_a_reader_wrote_is_no_order_when_an_admin_forwards_it(
    api: BotApiServer, admin: User, mallory: User
) -> None:
    unknown = asked(api, mallory, "/nothing").text
    for command in ("/rebuild", "/unanswered", f"/add Faux\n{TEXT}"):
        said = api.say(admin, admin, command, forward_from=mallory)
        assert api.answer_to(said, timeout=10).text == unknown


def test_admins_are_nobody_in_a_group(api: BotApiServer, admin: User, mallory: User) -> None:
    group = api.group("Rédaction", members=[admin, mallory])
    for command in ("/status", "/articles", "/rebuild", f"/add Faux\n{TEXT}"):
        api.say(admin, group, command)
    api.quiet(0.5)
    assert api.messages(group, from_bot=True) == []


# The webhook


def test_what_is_posted_without_the_webhooks_secret_is_refused_and_never_handled(index: Path) -> None:
    secret = "s3cret-of-the-webhook"
    port, variables = webhook()
    with BotApiServer() as server:
        reader = server.user("R", language_code="fr")
        with process(server, index, **variables, KIBARU_WEBHOOK_SECRET=secret) as child:
            server.answer_to(server.say(reader, reader, "/latest"), timeout=60)
            update = {
                "update_id": 900_000_001,
                "message": {
                    "message_id": 5,
                    "date": 1_780_000_000,
                    "chat": {"id": reader.id, "type": "private", "first_name": "R"},
                    "from": reader.json(),
                    "text": BRIDGE,
                },
            }
            for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}, {"Authorization": secret}):
                post = urllib.request.Request(
                    f"http://127.0.0.1:{port}/hook",
                    json.dumps(update).encode(),
                    {"Content-Type": "application/json", **headers},
                )
                with pytest.raises(urllib.error.HTTPError, match="403"):
                    urllib.request.urlopen(post)
            said = server.say(reader, reader, BRIDGE)
            assert "Diallassagou" in server.answer_to(said, timeout=20).text
            server.quiet(0.5)
            assert len(server.messages(reader, from_bot=True)) == 2
            child.terminate()
            assert child.wait(30) == 0
            log = child.stdout.read() if child.stdout else ""
    assert secret not in log
