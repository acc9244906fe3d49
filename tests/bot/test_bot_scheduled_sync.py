"""The bot keeps its sources in step and tells admins in one line."""

from __future__ import annotations

import shutil
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from bot.test_bot_conversations import ADMIN, api, archive, asked, quotes, running, settings_for
from fakes.bot_api import BotApiServer
from fakes.sites import WordPress

from kibaru.sources.registry import Source, Sources
from kibaru.sources.sync import Summary
from kibaru.storage.store import DATABASE
from kibaru_bot.messages import LANGUAGES
from kibaru_bot.scheduled_sync import line

__all__ = ["api", "archive"]  # fixtures


def test_new_articles_come_in_while_it_runs_and_admins_hear_of_it(
    api: BotApiServer, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIBARU_TEST_ALLOW_LOOPBACK", "1")
    folder = Path(shutil.copytree(archive, tmp_path / "index"))
    admin = api.user("Rédaction", id=ADMIN, language_code="fr")
    reader = api.user("Awa", language_code="fr")
    with WordPress(0) as site:
        site.publish(
            1, "Le phare de Tiéboro a été rallumé mardi par la gardienne Sira Dembélé.", datetime(2026, 3, 1, 9)
        )
        with Sources(folder / DATABASE) as sources:
            sources.add(site.url, "wordpress", f"{site.url}/wp-json/wp/v2/posts", "Le Fleuve & fils")
            sources.add("http://10.0.0.1/", "feed", "http://10.0.0.1/rss", "Ailleurs")
        settings = settings_for(api, folder, sync_minutes=60, host_delay=0)
        api.say(admin, admin, "/start")
        with running(settings):
            told = api.wait_for(
                lambda: [m for m in api.messages(admin, from_bot=True) if "sources" in m.text], timeout=30
            )
            assert len(told) == 1
            assert told[0].text.startswith(
                "Des sources : Le Fleuve & fils : 1 nouveau · Ailleurs : non relevé (10.0.0.1"
            )
            assert "\n" not in told[0].text
            answer = asked(api, reader, "Qui a rallumé le phare de Tiéboro ?")
            assert "Sira Dembélé" in "".join(quotes(answer))


def test_a_line_is_safe_and_short_whatever_sources_are_called() -> None:
    source = Source(1, "https://x.ml", "feed", "https://x.ml/rss", "<b>&", False, None, None)
    summaries = [Summary(source, {"added": 3, "failed": 2, "gone": 1}, "<i>" * 500) for _ in range(50)]
    for words in LANGUAGES.values():
        written = line(summaries, words)
        assert "<" not in written
        assert "\n" not in written
        assert len(unescape(written)) < 4096
