"""Names that readers write otherwise than the articles do."""

from __future__ import annotations

import pytest

from kibaru.articles import make_article
from kibaru.languages import LETTERS
from kibaru.names import sound, with_known_names
from kibaru.newsroom import Kibaru

TEXTS = [
    "Alassane Ouattara est venu de Bandiagara à Tombouctou, puis à Ouagadougou. Le colonel Goïta l'attendait à Kidal.",
    "La rentrée des classes à Kankan : le marché de Parakou vend des tomates et du raphia. Abidjan attend.",
]


def respelt(question: str) -> str:
    return with_known_names(question, TEXTS, set(LETTERS.findall(question)) - set(LETTERS.findall(" ".join(TEXTS))))


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("Watara", "Ouattara"),
        ("Bandiagarra", "Bandiagara"),
        ("Timbuktu", "Tombouctou"),
        ("Goita", "Goïta"),
        ("wagadugu", "Ouagadougou"),
        ("Томбукту", "Tombouctou"),
        ("Канкане", "Kankan"),
        ("Кидале", "Kidal"),
        ("تمبكتو", "Tombouctou"),
        ("كانكان", "Kankan"),
        ("أبيدجان", "Abidjan"),
        ("باراكو", "Parakou"),
        ("tomattes", "tomates"),
        ("rafia", "raphia"),
    ],
)
def test_a_name_is_taken_as_it_sounds(asked: str, written: str) -> None:
    assert respelt(f"a {asked} ?") == f"a {written} ?"


@pytest.mark.parametrize(
    "question",
    [
        "Quel est le score à la tombola ?",  # no name that is near
        "Que tiens-tu du marché ?",
        "Where do I attend classes?",  # near to words that are no names
        "Quels marchands ?",
        "كم عدد القرى",
        "Сколько домов",
        "Bandits",
        "12 ?!",
        "",
    ],
)
def test_words_that_are_only_near_stay(question: str) -> None:
    assert respelt(question) == question


def test_one_letter_off_is_a_name_only_where_a_name_may_stand() -> None:
    assert with_known_names("Que fait Kanakn ici ?", TEXTS, {"Kanakn"}) == "Que fait Kankan ici ?"
    assert with_known_names("Que fait kanakn, dit Awa ?", TEXTS, {"kanakn"}) == "Que fait kanakn, dit Awa ?"
    assert with_known_names("que fait kanakn ici", TEXTS, {"kanakn"}) == "que fait Kankan ici"


def test_words_that_sound_alike() -> None:
    assert sound("Ouattara") == sound("Watara") == sound("OUATARA")
    assert sound("Koulikoro") == sound("Kulikoro") == sound("Куликоро")
    assert sound("") == ""


def test_the_most_frequent_of_names_that_sound_alike_is_meant() -> None:
    assert with_known_names("à Watara", ["Ouatara. Ouattara, Ouattara."], {"Watara"}) == "à Ouattara"


def test_hostile_words_are_only_words() -> None:
    for word in ("a" * 2_000, "ا" * 2_000, "Ж" * 2_000, "\U0001f600", "ﷺ", "ﬁﬁﬁﬁﬁ"):
        assert with_known_names(word, TEXTS, {word}) == word


@pytest.mark.parametrize(
    "question",
    ["Qui a ouvert le marché de Niansonbougou ?", "Кто открыл рынок в Ньонсомбугу?", "من افتتح سوق نيونسومبوغو؟"],
)
def test_a_name_in_another_spelling_finds_its_article(archive: Kibaru, question: str) -> None:
    text = "Le marché de Nionsombougou a été ouvert par Aminata Konaté. Les allées comptent 84 étals."
    list(archive.add([make_article(title="Un marché de nuit", text=text)]))
    assert archive.article(archive.ask(question).hits[0].passage.article_id).text == text
    assert archive.ask(question).hits[0].keyword > 0
