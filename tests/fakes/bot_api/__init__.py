"""A strict Telegram Bot API server on 127.0.0.1, for tests over real HTTP.

It refuses what Telegram refuses, with Telegram's own words, and lets a test speak as a reader or an
admin. It runs in its own thread and event loop, so the bot may run in the test's loop, in another
thread or in another process. ``tests/`` is on ``sys.path`` under pytest: ``from bot_api import BotApiServer``.

    with BotApiServer() as api:
        app = (Application.builder().token(api.token)
               .base_url(api.base_url).base_file_url(api.base_file_url).build())
        ...                                                  # run it in a thread or a process
        awa = api.user("Awa", language_code="fr")            # a reader: awa.id is her Telegram id
        question = api.say(awa, awa, "Qui a gagné ?")        # (who, where, what); her own chat: awa
        answer = api.answer_to(question, timeout=5)          # the bot's first message after it
        assert "Mali" in answer.text and answer.labels[:1] == ["Suite ▸"]
        press = api.press(awa, answer, "Suite ▸")            # press.answered, press.text once answered
        page2 = api.wait_edit(answer)                        # the same message, edited in place
        group = api.group("Rédaction", members=[awa], forum=True)   # forum=False: plain supergroup
        topic = api.topic(group, "Sport")
        api.say(awa, group, "@kibaru_bot et hier ?", topic=topic, reply_to=None)
        sent = api.send_file(awa, awa, "article.docx", b"...", caption="")   # also voice/photo/sticker
        api.edit(awa, question, "Qui a perdu ?")
        inline = api.inline(awa, "mines d'or")
        api.wait_for(lambda: inline.answered and inline.results, timeout=5)
        api.fail("sendMessage", times=2, status=500)         # or retry_after=3, drop=True, delay=1.5
        api.quiet(0.5)                                       # waits until the bot has done nothing for 0.5 s
        assert api.too_many == 0                             # the bot caused no 429
        print(api.transcript(awa))                           # who said what, buttons in [brackets]

Other helpers: ``upgrade``, ``redeliver``, ``remove_bot``, ``profile``, ``refused()``, ``file(message)``,
``wait_for_async``, ``messages(chat)``, ``calls_of("sendMessage")``, ``channel``, ``post``,
``block``, ``unblock``, ``choose`` (an inline result), ``commands_for(user, chat)`` (the menu she sees),
``pending`` (updates not confirmed yet), ``webhook`` (its state), ``limits`` (see ``FloodLimits``).
"""

from .flood import FloodLimits
from .model import Call, Chat, InlineQuery, Message, Press, User
from .server import BotApiServer

__all__ = ["BotApiServer", "Call", "Chat", "FloodLimits", "InlineQuery", "Message", "Press", "User"]
