"""An admin runs the archive from the chat; nobody else learns that this is possible."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bot.test_bot_conversations import ADMINS, BRIDGE, NOWHERE, api, archive, asked, bot, quotes
from fakes.bot_api import BotApiServer, Message, User
from fakes.sites import Site

from kibaru.evaluation.question_groups import group_questions
from kibaru.log_types import LoggedQuestion
from kibaru_bot.admin_commands import csv_of
from kibaru_bot.messages import catalogue

__all__ = ["api", "archive", "bot"]  # fixtures

TEXT = (
    "Le barrage de Kourouba-Sélinko sera vidé du 3 au 9 février 2026 pour réparer sa vanne de fond. La directrice, "
    "Mme Bintou Sacko-Traoré, promet 14 jours d'avance aux riverains. Les pêcheurs recevront 25 000 francs CFA "
    "par pirogue.\n\nLes 380 maraîchers en aval arroseront à tour de rôle. La mairie a loué 6 motopompes."
)
DAM = "Quand le barrage de Kourouba-Sélinko sera-t-il vidé ?"


_numbers = iter(ADMINS)


@pytest.fixture
def admin(api: BotApiServer, bot: Any) -> Iterator[User]:
    person = api.user("Mariam", language_code="fr", id=next(_numbers))
    yield person
    print(api.transcript(person))


def pressed(api: BotApiServer, who: User, message: Message, label: str) -> Message:
    """The message after the button has done its work."""
    before = api.current(message)
    api.press(who, before, next(each for each in before.labels if label in each))
    return api.wait_edit(before, timeout=15)


def test_a_file_is_previewed_published_found_and_updated(api: BotApiServer, admin: User, bot: Any) -> None:
    reader = api.user("Lecteur", language_code="fr")
    assert "Kourouba" not in asked(api, reader, DAM).text
    file = api.send_file(admin, admin, "barrage.txt", f"Le barrage de Kourouba-Sélinko\n\n{TEXT}".encode())
    preview = api.answer_to(file, timeout=10)
    assert "Nouvel article" in preview.text
    assert "fr" in preview.text
    assert pressed(api, admin, preview, "Publier").text.startswith("Publié : 1 nouveau,")
    answer = asked(api, reader, DAM)
    assert "3 au 9 février 2026" in quotes(answer)[0]
    again = api.send_file(admin, admin, "barrage.txt", f"Le barrage de Kourouba-Sélinko\n\n{TEXT}".encode())
    assert "sans changement : « Le barrage de Kourouba-Sélinko »" in api.answer_to(again, timeout=10).text


def test_an_update_names_the_article_it_replaces(api: BotApiServer, admin: User, bot: Any) -> None:
    for text, told, done in (
        ("Le bac passe.", "Nouvel article", "1 nouveau, 0 mis à jour, 0 inchangé."),
        ("Il ne passe plus.", "Remplace « Bac", "1 mis à jour"),
    ):
        record = json.dumps({"title": "Bac de Tindirma", "text": text, "url": "https://kibaru.example/bac-tindirma"})
        preview = api.answer_to(api.send_file(admin, admin, "bac.jsonl", record.encode()), timeout=10)
        assert told in preview.text
        assert done in pressed(api, admin, preview, "Publier").text
    store = bot.bot_data["state"].service._store
    log = store._tables.rows("select who, action, before from audit where title = 'Bac de Tindirma' order by id")
    assert [(who, action) for who, action, _ in log] == [(str(admin.id), "added"), (str(admin.id), "updated")]
    assert "Le bac passe." in log[1][2]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("puits.TXT", "Le puits\n\nIl donne."),
        ("puits.md", "---\ntitle: Le puits\n---\nIl donne."),
        ("puits.jsonl", '{"title": "Le puits", "text": "Il donne."}'),
        ("puits.csv", "title;text\nLe puits;Il donne."),
    ],
)
def test_kinds_of_files(api: BotApiServer, admin: User, name: str, body: str) -> None:
    preview = api.answer_to(api.send_file(admin, admin, name, body.encode("utf-16")), timeout=10)
    assert preview.text.startswith("Le puits")
    assert "Nouvel article" in preview.text


@pytest.mark.parametrize(("method", "status"), [("download", 404), ("getFile", 400)])
def test_a_file_that_telegram_does_not_give_is_asked_for_again(
    api: BotApiServer, admin: User, method: str, status: int
) -> None:
    api.fail(method, status=status, description="Bad Request: wrong file_id or the file is temporarily unavailable")
    file = api.send_file(admin, admin, "puits.txt", b"Le puits\n\nIl donne.")
    assert api.answer_to(file, timeout=10).text == "Telegram ne donne pas ce fichier : renvoyez-le."


def test_add_takes_a_title_line_and_cancel_changes_nothing(api: BotApiServer, admin: User) -> None:
    assert ".txt" in asked(api, admin, "/add").text
    preview = asked(api, admin, f"/add Un <titre> & plus\n{TEXT}")
    assert preview.text.startswith("Un <titre> & plus")
    assert pressed(api, admin, preview, "Annuler").text.startswith("Annulé")
    assert asked(api, admin, f"/add\nUne ligne de titre\n{TEXT}").text.startswith("Une ligne de titre\n")
    original = api.say(admin, admin, "Un titre\nUn texte assez court.")
    api.answer_to(original, timeout=10)
    reply = api.say(admin, admin, "/add", reply_to=original)
    assert api.answer_to(reply, timeout=10).text.startswith("Un titre")
    long = api.say(admin, admin, f"Un autre titre\n\n{TEXT} {TEXT}")
    assert api.answer_to(long, timeout=10).text.startswith("Un autre titre")


def test_add_in_reply_to_a_file_or_its_caption(api: BotApiServer, admin: User, bot: Any) -> None:
    sender = api.user("Pigiste", language_code="fr")
    group = api.group("Bureau", members=[sender])
    api.send_file(sender, group, "loin.txt", b"Titre\n\nTexte.")
    file = api.send_file(admin, admin, "bac.txt", "Le bac de Toguéré\n\nIl passe à 7 heures.".encode())
    api.answer_to(file, timeout=10)
    preview = api.answer_to(api.say(admin, admin, "/add", reply_to=file), timeout=10)
    assert preview.text.startswith("Le bac de Toguéré")
    captioned = api.send_file(admin, admin, "x.txt", "Un puits à Mopti\n\nIl donne.".encode(), caption="/add")
    assert api.answer_to(captioned, timeout=10).text.startswith("Un puits à Mopti")


def test_an_admin_is_told_which_files_are_read(api: BotApiServer, admin: User) -> None:
    for kind in ("voice", "photo"):
        told = api.answer_to(api.send_file(admin, admin, f"x.{kind}", b"x", kind=kind)).text
        assert "ces fichiers : .txt" in told
        assert ".pdf" in told


def test_add_fetches_a_page(api: BotApiServer, admin: User, bot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = bot.bot_data["state"].settings
    monkeypatch.setenv("KIBARU_TEST_ALLOW_LOOPBACK", "1")
    monkeypatch.setattr(settings, "host_delay", 0)
    with Site() as site:
        paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in TEXT.split("\n\n"))
        page = f"<html><head><title>Le barrage vidé</title></head><body><article><h1>Le barrage vidé</h1>{paragraphs}"
        site.put("/barrage", f"{page}</article></body></html>")
        preview = asked(api, admin, f"/add {site.url}/barrage")
        assert preview.text.startswith("Le barrage vidé\nLangue : fr")
        assert "Publier" in preview.labels
        missing = asked(api, admin, f"/add {site.url}/ailleurs")
    assert missing.text.startswith(f"Illisible : {site.url}/ailleurs: the site has no such page (404)")
    assert missing.labels == []


def test_a_title_alone_is_no_article(api: BotApiServer, admin: User) -> None:
    asked_for = asked(api, admin, "/add Titre seul")
    assert "écrivez aussi le texte" in asked_for.text
    assert asked_for.labels == []
    assert asked(api, admin, f"/add {TEXT.replace(chr(10), ' ')} {TEXT.replace(chr(10), ' ')}").labels


def test_publish_pressed_twice_says_what_became_of_it(api: BotApiServer, admin: User) -> None:
    preview = asked(api, admin, "/add Le marché de Sévaré\nIl ouvre à 5 heures.")
    first, second = (api.press(admin, preview, "Publier") for _ in range(2))
    api.wait_for(lambda: first.answered and second.answered, timeout=10)
    api.quiet(0.3)
    assert api.current(preview).text.startswith("Publié : 1 nouveau,")
    assert "renvoyez" in second.text


def test_files_of_many_articles_and_broken_ones(api: BotApiServer, admin: User) -> None:
    lines = "\n".join(json.dumps({"title": f"Titre {n}", "text": f"Texte numéro {n}."}) for n in range(30))
    many = api.send_file(admin, admin, "tous.jsonl", f"{lines}\n{{broken".encode())
    preview = api.answer_to(many, timeout=10)
    assert preview.text.startswith("30 articles")
    assert "line 31" in preview.text
    pressed(api, admin, preview, "Annuler")
    binary = api.answer_to(api.send_file(admin, admin, "x.exe", b"\0\1"), timeout=10)
    assert binary.text.startswith("Illisible : je ne lis pas ce genre de fichier. Je lis : .txt, ")
    empty = api.answer_to(api.send_file(admin, admin, "x.txt", b" \n"), timeout=10)
    assert empty.text == "Illisible : ce fichier est vide."
    large = api.answer_to(api.send_file(admin, admin, "x.txt", b"x", size=30_000_000), timeout=10)
    assert "20 Mo" in large.text


def test_articles_are_listed_page_by_page(api: BotApiServer, admin: User) -> None:
    listed = asked(api, admin, "/articles")
    assert "page 1" in listed.text
    assert "page 2" in pressed(api, admin, listed, "›").text


def test_an_article_is_opened_removed_and_put_back(api: BotApiServer, admin: User, bot: Any) -> None:
    found = asked(api, admin, "/articles diallassagou")
    assert found.text.startswith("1 article,")
    detail = pressed(api, admin, found, "Le pont de")
    assert "84 mètres" in detail.text
    sure = pressed(api, admin, detail, "Retirer")
    assert sure.text.startswith("Retirer «")
    removed = pressed(api, admin, sure, "Oui")
    assert removed.text.startswith("Retiré")
    reader = api.user("Lecteur", language_code="fr")
    assert "Diallassagou" not in "".join(quotes(asked(api, reader, BRIDGE)))
    assert pressed(api, admin, removed, "Remettre").text.startswith("Remis")
    assert "Diallassagou" in asked(api, reader, BRIDGE).text
    folder: Path = bot.bot_data["state"].settings.index
    with sqlite3.connect(folder / "kibaru.db") as database:
        log = database.execute("select who, action, title from audit order by id desc limit 2").fetchall()
    database.close()
    title = "Le pont de Diallassagou rouvre après huit mois de travaux"
    assert log == [(str(admin.id), "put back", title), (str(admin.id), "removed", title)]


def test_rebuild_tells_how_it_went_and_status_the_state(api: BotApiServer, admin: User) -> None:
    said = [api.say(admin, admin, "/rebuild") for _ in range(2)]
    told, again = (api.answer_to(each, timeout=10) for each in said)
    assert "déjà" in again.text
    assert "Diallassagou" in asked(api, admin, BRIDGE).text
    api.wait_for(lambda: "génération 2" in api.current(told).text, timeout=20)
    status = asked(api, admin, "/status").text
    assert "génération 2" in status
    assert "✓" in status


def test_unanswered_questions_are_grouped_and_exported(api: BotApiServer, admin: User) -> None:
    reader = api.user("Lecteur", language_code="fr")
    asked(api, reader, NOWHERE)
    asked(api, reader, "qui a gagne la coupe du monde 1998")
    asked(api, reader, "=1+1 la capitale de l'Islande ?")
    listed = asked(api, admin, "/unanswered")
    assert any(line.startswith("2 × ") and "1998" in line for line in listed.text.splitlines())
    api.press(admin, listed, listed.labels[0])
    sent = api.wait_for(lambda: next((m for m in api.messages(admin, from_bot=True) if m.document), None), timeout=10)
    rows = list(csv.reader(io.StringIO(api.file(sent).decode("utf-8-sig"))))
    assert any(row[2].startswith("'=1+1") for row in rows)
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row if cell)


def test_readers_never_learn_of_it(api: BotApiServer, bot: Any, admin: User) -> None:
    reader = api.user("Curieux", language_code="fr")
    unknown = asked(api, reader, "/nothing").text
    for command in ("/add x", "/articles", "/rebuild", "/status", "/unanswered"):
        assert asked(api, reader, command).text == unknown
    sent = api.answer_to(api.send_file(reader, reader, "a.txt", b"Titre\n\nTexte."))
    assert "que le texte" in sent.text
    assert not {c["command"] for c in api.commands_for(reader)} & {"add", "articles", "rebuild", "status"}
    asked(api, admin, "/start")
    api.wait_for(lambda: "articles" in {c["command"] for c in api.commands_for(admin)})


@pytest.mark.parametrize(
    ("code", "count", "told"),
    [
        ("fr", 0, "Attendez 0 seconde "), ("fr", 1, "Attendez 1 seconde "), ("fr", 2, "Attendez 2 secondes "),
        ("en", 0, "Wait 0 seconds "), ("en", 1, "Wait 1 second "), ("en", 2, "Wait 2 seconds "),
    ],
)  # fmt: skip
def test_words_go_with_their_number(code: str, count: int, told: str) -> None:
    words = catalogue(code)
    assert told in words.fill(words.too_fast, seconds=count)


def test_numbers_are_written_as_in_the_language() -> None:
    told = {"generation": 2, "articles": 1, "passages": 1, "embedded": 0, "seconds": 0.4}
    french, english = (words.fill(words.rebuild_done, **told) for words in (catalogue("fr"), catalogue("en")))
    assert french == "C’est fait : génération 2, 1 article, 1 passage, dont 0 recalculé, en 0,4 s."
    assert english == "Done: generation 2, 1 article, 1 passage, 0 of them embedded, in 0.4 s."


def test_questions_alike_are_one_group() -> None:
    def question(id: int, text: str) -> LoggedQuestion:
        return LoggedQuestion(id, "2026", text, text, "fr", False, 0.1, None, [])

    vectors = np.array([[1, 0], [0.98, 0.199], [0, 1]], np.float32)
    groups = group_questions([question(1, "a"), question(2, "b"), question(3, "@c")], vectors)
    assert [[q.id for q in group.questions] for group in groups] == [[1, 2], [3]]
    assert b",'@c," in csv_of(groups)
