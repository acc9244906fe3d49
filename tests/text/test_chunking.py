"""Sentences and passages: whole, exact, and on one side of a heading."""

from collections import Counter

import choppa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kibaru.text.chunking import TARGET, embedded_text, sentences_of, split_passages
from kibaru.text.sentences import MAX_SENTENCE, _segments, split_sentences


def sentences(text: str, language: str = "fr") -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(
    "sentence",
    [
        "M. Traoré et Mme. Diallo ont vu le Dr. Keïta, le col. Goïta et le gén. Diarra.",
        "Il arrive le 14 sept. 2025, av. J.-C., p. ex. à 12 h. 30 (cf. art. 5).",
        "L'O.N.U. et l’U.E. ont versé 3.4 milliards au C.H.U. de Kati.",
        "« Nous viendrons. Demain, peut-être… », a-t-il dit.",
        "Elle a hésité... puis elle a signé.",
        "« Vous partez ? », demande-t-il.",
    ],
)
def test_french_sentence_is_not_cut(sentence: str) -> None:
    assert sentences(f"{sentence} La suite vient.") == [sentence, "La suite vient."]


def test_long_quotation_is_cut_at_its_sentences() -> None:
    said = "« " + "Nous avons attendu la pluie longtemps. " * 12 + "»"
    assert len(sentences(said)) > 5


def test_sentences_of_other_languages() -> None:
    assert sentences("Mr. Smith came at 5 p.m. sharp. He left.", "en")[1:] == ["He left."]
    assert len(sentences("ذهب الرئيس إلى باماكو. هل عاد؟ نعم!", "ar")) == 3
    assert len(sentences("A taara. A seginna.", "bm")) == 2


@pytest.mark.parametrize("language", ["fr", "en", "ru", "ar", "pt"])
def test_rules_that_look_only_ahead_cut_where_the_library_cuts(language: str) -> None:
    rules = choppa.SrxDocument(ruleset=str(choppa.DEFAULT_SRX_RULESET))
    for text in ("<0}Un.<0} Deux{0>trois<0}<0}\n\nQuatre. 5.", "Oui. Non ! « Ah ? » dit-il.", "<0}", "a<0"):
        assert list(choppa.SrxTextIterator(rules, f"{language}_two", text)) == list(_segments(text, language))


def test_text_without_punctuation_is_cut_at_spaces() -> None:
    parts = sentences("mot " * 1000)
    assert max(map(len, parts)) <= MAX_SENTENCE
    assert " ".join(parts) == ("mot " * 1000).strip()


@pytest.mark.parametrize("blank", ["\u00a0", " ", "\t"])
def test_a_sentence_begins_and_ends_with_a_word_whatever_is_between_them(blank: str) -> None:
    assert sentences(f"mot{blank * 3_000}mot{blank * 1_000}fin") == ["mot", "mot", "fin"]


def passages(text: str) -> list[tuple[str, str]]:
    return [(passage.heading, text[passage.start : passage.end]) for passage in split_passages(text, "fr")]


def test_passages_are_about_the_target_and_shared_out_evenly() -> None:
    text = "Le fleuve a encore monté cette nuit à Mopti, selon les riverains. " * 40
    lengths = [len(body) for _, body in passages(text)]
    assert all(TARGET - 200 < length < TARGET + 200 for length in lengths)
    assert [body.count("Le fleuve") for _, body in passages(text)] == [10, 10, 10, 10]


@pytest.mark.parametrize(("lengths", "shared"), [([500, 400, 500], [2, 1]), ([500, 500, 400], [1, 2])])
def test_a_sentence_goes_to_the_passage_that_most_of_it_is_in(lengths: list[int], shared: list[int]) -> None:
    text = " ".join("A" + "a" * (length - 2) + "." for length in lengths)
    assert [len(passage.sentences) for passage in split_passages(text)] == shared


def test_all_passages_of_a_section_are_under_its_heading() -> None:
    text = "## Le fleuve\n\n" + "Le fleuve a encore monté cette nuit à Mopti, selon les riverains. " * 20
    assert [heading for heading, _ in passages(text)] == ["Le fleuve", "Le fleuve"]


def test_sentences_end_where_the_language_of_the_article_ends_them() -> None:
    text = "La ville date de 300 av. J.-C. et prospère."
    for language, ends in (("fr", [43]), ("en", [24, 30, 43])):
        assert [end for _, end in split_passages(text, language)[0].sentences] == ends
        assert [end for _, end in sentences_of(text, 0, len(text), language)] == ends


def test_a_passage_is_embedded_below_its_title_and_heading() -> None:
    assert embedded_text("Titre", "Intertitre", "Le corps.") == "Titre\nIntertitre\nLe corps."
    assert embedded_text("Titre", "", "Le corps.") == "Titre\nLe corps."


def test_headings_part_passages_and_go_with_what_follows() -> None:
    text = "Le chapeau dit tout.\nUn titre sans point\nLe corps vient ici.\n\n## Un autre ?\n\nLa fin est là."
    assert passages(text) == [
        ("", "Le chapeau dit tout."),
        ("Un titre sans point", "Le corps vient ici."),
        ("Un autre ?", "La fin est là."),
    ]


def test_each_short_line_above_its_text_is_a_heading_wherever_it_stands() -> None:
    first = "Le corps vient ici. " * 10
    assert passages(f"Un titre\n\n{first}\n\nUn autre titre\n\nLa fin.") == [
        ("Un titre", first.strip()),
        ("Un autre titre", "La fin."),
    ]


def test_last_line_and_lists_are_no_headings() -> None:
    text = "Le corps vient ici.\n- du riz\n- du mil\nContact : 76 00 11 22"
    assert passages(text) == [("", text)]
    listed = "Il faut apporter :\n- du riz\n2) du mil\n• du sel\nLe marché ouvre lundi."
    assert passages(listed) == [("", listed)]
    assert [listed[start:end] for start, end in sentences_of(listed, 0, len(listed), "fr")] == listed.split("\n")
    assert passages("• du sel\n\nLe marché ouvre lundi.")[0][0] == ""


@pytest.mark.parametrize(("length", "is_heading"), [(120, True), (121, False)])
def test_a_long_line_is_no_heading(length: int, is_heading: bool) -> None:
    line = "Le maire " + "a" * (length - 9)
    (found,) = passages(f"{line}\nLe corps vient ici.")
    assert found == ((line, "Le corps vient ici.") if is_heading else ("", f"{line}\nLe corps vient ici."))


def test_wrapped_lines_are_joined_into_sentences() -> None:
    text = "Le président de la République du\nMali a annoncé ce jour la\ncréation de la banque de\nla solidarité."
    assert passages(text) == [("", text)]
    assert sentences_of(text, 0, len(text), "fr") == [(0, len(text))]


@pytest.mark.parametrize(
    "text", ["Le président de la République du\nMali a annoncé hier à\nBamako.", "Le maire a annoncé\nune école neuve."]
)
def test_a_wrapped_sentence_is_one(text: str) -> None:
    assert sentences_of(text, 0, len(text), "fr") == [(0, len(text))]


def test_what_was_wrapped_is_no_heading() -> None:
    text = "Le président du\nMali et les\nMinistres\n\nLe corps vient ici."
    assert passages(text) == [("", text)]


def test_text_of_headings_alone_is_still_indexed() -> None:
    assert passages("Bamako 3 – Dakar 2") == [("", "Bamako 3 – Dakar 2")]
    assert passages("# Score\n\n# Bamako 3") == [("", "# Score\n\n# Bamako 3")]


pieces = st.sampled_from(
    ["Le maire a parlé.", "« Oui. Non ! »", "M. Ba", "Un titre", "## Titre", "\n", "\n\n", " ", "- riz", "12", "é", "…",
     "؟", "mot " * 300, "\u00a0", "\t", "x" * 950, "«", "Que dit-il ?"]
)  # fmt: skip


@given(st.lists(pieces, max_size=40).map(" ".join))
def test_passages_are_ordered_disjoint_spans_that_lose_no_sentence(text: str) -> None:
    found = split_passages(text, "fr")
    end = 0
    for passage in found:
        assert end <= passage.start < passage.end <= len(text)
        assert text[passage.start : passage.end] == text[passage.start : passage.end].strip()
        inside = sentences_of(text, passage.start, passage.end, "fr")
        assert inside[0].start == passage.start
        assert inside[-1].end == passage.end
        end = passage.end
    covered = "".join(f"{p.heading} {text[p.start : p.end]}" for p in found)
    if text.strip():
        assert found
    if "#" not in text:
        assert not Counter("".join(text.split())) - Counter("".join(covered.split()))
