"""How well the bot understands conversations: follow-ups against changes of subject, and questions that ask the same.

    python benchmarks/bot/conversation.py

Over the sample articles. For each value of the two thresholds that decide (`_CONFIDENT` in answering/follow_ups.py,
`_SAME_QUESTION` in evaluation/question_groups.py) it prints how often they decide as the labels here say.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import combinations
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("src", "bot", "benchmarks")]

import prepared  # noqa: E402, F401
from kibaru.answering import follow_ups  # noqa: E402
from kibaru.archive import Kibaru  # noqa: E402
from kibaru.embedding.cache import CachingEmbedder  # noqa: E402
from kibaru.evaluation import question_groups  # noqa: E402
from kibaru.ingest.files import read_articles  # noqa: E402
from kibaru.log_types import LoggedQuestion  # noqa: E402
from kibaru.samples import SAMPLES  # noqa: E402
from kibaru.settings import Settings  # noqa: E402

BRIDGE, CASHEW, CUP, DRUGS, WELL = (
    "pont-diallassagou",
    "cajou-banfora",
    "etincelles",
    "faux-medicaments",
    "forage-kiffa",
)
WALL, VACCINE, SOLAR, APP, BOOKS = "keta-sea-wall", "meningite", "solaire-kara", "tamale-tricycle", "manuels-pular"

TURNS = [
    # What was asked before, what is asked now, and the article that answers; "" when none does.
    ("Quand le pont de Diallassagou a-t-il rouvert ?", "et combien ça a coûté ?", BRIDGE),
    ("Quand le pont de Diallassagou a-t-il rouvert ?", "pourquoi était-il fermé ?", BRIDGE),
    ("Quand le pont de Diallassagou a-t-il rouvert ?", "et les gros camions ?", BRIDGE),
    ("Combien de tonnes de cajou à Banfora ?", "et le prix du kilo ?", CASHEW),
    ("Combien de tonnes de cajou à Banfora ?", "qui est la présidente ?", CASHEW),
    ("Combien de tonnes de cajou à Banfora ?", "et l'an dernier ?", CASHEW),
    ("Combien de tonnes de cajou à Banfora ?", "et les feux de brousse ?", CASHEW),
    ("Qui a gagné la Coupe des Balafons ?", "quel âge a-t-elle ?", CUP),
    ("Qui a gagné la Coupe des Balafons ?", "et la prime ?", CUP),
    ("Qui a gagné la Coupe des Balafons ?", "qui est leur entraîneuse ?", CUP),
    ("Qui a gagné la Coupe des Balafons ?", "et le prochain tournoi ?", CUP),
    ("Who won the Coupe des Balafons?", "and who scored?", CUP),
    ("Quelle peine pour les faux médicaments à Thiès ?", "et l'amende ?", DRUGS),
    ("Quelle peine pour les faux médicaments à Thiès ?", "vont-ils faire appel ?", DRUGS),
    ("Quelle peine pour les faux médicaments à Thiès ?", "comment les reconnaître ?", DRUGS),
    ("Quelle est la profondeur du forage de Kiffa ?", "et son coût ?", WELL),
    ("Quelle est la profondeur du forage de Kiffa ?", "l'eau est-elle potable ?", WELL),
    ("Quelle est la profondeur du forage de Kiffa ?", "et le prix du fût ?", WELL),
    ("How many homes did the sea destroy near Keta?", "was anyone killed?", WALL),
    ("How many homes did the sea destroy near Keta?", "and the wall?", WALL),
    ("How many homes did the sea destroy near Keta?", "what is the fine for it?", WALL),
    ("Combien d'enfants vaccinés à Zinder ?", "et combien de refus ?", VACCINE),
    ("Combien d'enfants vaccinés à Zinder ?", "qui est la coordinatrice ?", VACCINE),
    ("Combien d'enfants vaccinés à Zinder ?", "et le rattrapage ?", VACCINE),
    ("Où est la centrale solaire au Togo ?", "et le tarif ?", SOLAR),
    ("Où est la centrale solaire au Togo ?", "elle a coûté combien ?", SOLAR),
    ("What is SoliVoice?", "who founded it?", APP),
    ("What is SoliVoice?", "and the charging stations?", APP),
    ("Combien d'écoles ont le manuel en pular ?", "et combien d'exemplaires ?", BOOKS),
    # Changes of subject
    ("Quand le pont de Diallassagou a-t-il rouvert ?", "Et le prix du cajou à Banfora ?", CASHEW),
    ("Quand le pont de Diallassagou a-t-il rouvert ?", "Et la Coupe des Balafons ?", CUP),
    ("Quand le pont de Diallassagou a-t-il rouvert ?", "et le forage de Kiffa ?", WELL),
    ("Combien de tonnes de cajou à Banfora ?", "Et la méningite à Zinder ?", VACCINE),
    ("Combien de tonnes de cajou à Banfora ?", "Et les faux médicaments ?", DRUGS),
    ("Combien de tonnes de cajou à Banfora ?", "and SoliVoice?", APP),
    ("Qui a gagné la Coupe des Balafons ?", "et les manuels en pular ?", BOOKS),
    ("Qui a gagné la Coupe des Balafons ?", "Et la centrale solaire du Togo ?", SOLAR),
    ("Who won the Coupe des Balafons?", "What about the sea wall at Keta?", WALL),
    ("Quelle peine pour les faux médicaments à Thiès ?", "et les enfants vaccinés à Zinder ?", VACCINE),
    ("Quelle est la profondeur du forage de Kiffa ?", "Et le pont de Diallassagou ?", BRIDGE),
    ("How many homes did the sea destroy near Keta?", "and the tricycle drivers?", APP),
    ("Où est la centrale solaire au Togo ?", "et les noix de cajou ?", CASHEW),
    ("Quand le pont de Diallassagou a-t-il rouvert ?", "Et la météo à Reykjavik ?", ""),
    ("Combien de tonnes de cajou à Banfora ?", "et le cours du bitcoin ?", ""),
    ("Qui a gagné la Coupe des Balafons ?", "Et la Ligue des champions ?", ""),
    ("Who won the Coupe des Balafons?", "and the US election?", ""),
    ("Combien d'enfants vaccinés à Zinder ?", "et le président du Chili ?", ""),
    ("Quand le pont de Diallassagou a-t-il rouvert ?", "il fait quel temps à Reykjavik ?", ""),
    ("Combien de tonnes de cajou à Banfora ?", "combien ça coûte un visa ?", ""),
    ("Qui a gagné la Coupe des Balafons ?", "quand va-t-il pleuvoir ?", ""),
    ("Where is the solar plant?", "how do I get my passport?", ""),
]

ALIKE = [
    ["Qui a gagné la Coupe du monde 1998 ?", "qui a gagne la coupe du monde 98", "Le vainqueur du Mondial 1998 ?",
     "Who won the 1998 World Cup?"],
    ["Qui a gagné la Coupe du monde 2018 ?", "Who won the 2018 World Cup?"],
    ["Qui a perdu la finale de la Coupe du monde 1998 ?"],
    ["Quel temps fera-t-il demain à Bamako ?", "la météo de demain à Bamako ?",
     "What will the weather be in Bamako tomorrow?"],
    ["Quel temps fera-t-il demain à Dakar ?", "météo dakar demain"],
    ["Quand aura lieu l'élection présidentielle au Mali ?", "c'est quand la présidentielle au Mali",
     "When is the presidential election in Mali?"],
    ["Qui est candidat à la présidentielle au Mali ?"],
    ["Quand aura lieu l'élection présidentielle en Guinée ?", "date de la présidentielle en Guinée ?"],
    ["Combien coûte un passeport au Burkina Faso ?", "prix du passeport au Burkina ?",
     "How much is a passport in Burkina Faso?"],
    ["Où faire un passeport au Burkina Faso ?", "dans quel bureau demande-t-on un passeport au Burkina ?"],
    ["Quel est le prix du riz à Ouagadougou ?", "combien coûte le riz à Ouaga ?", "le prix du riz a Ouagadougou svp"],
    ["Quel est le prix du maïs à Ouagadougou ?"],
    ["Le prix du carburant va-t-il augmenter ?", "est-ce que l'essence va augmenter ?", "Will fuel prices go up?"],
    ["Y a-t-il une grève des enseignants demain ?", "les enseignants sont en grève demain ?"],
    ["Y a-t-il une grève des médecins demain ?"],
    ["Comment s'inscrire au baccalauréat ?", "comment m'inscrire au bac ?", "How do I register for the baccalaureate?"],
    ["Quand sortent les résultats du baccalauréat ?", "date des résultats du bac ?"],
    ["Qui est le ministre de la santé du Niger ?", "le nom du ministre de la sante au Niger",
     "Who is Niger's health minister?"],
    ["Qui est le ministre de la défense du Niger ?"],
]  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=Path(folder, "index"))
        with Kibaru(settings, create=True, embedder=CachingEmbedder(settings)) as kibaru:
            list(kibaru.add(read_articles([SAMPLES])))
            print(f"{len(TURNS)} second questions: understood as meant")
            for sure in np.arange(0.3, 1.0, 0.05):
                follow_ups._CONFIDENT = round(float(sure), 2)
                wrong = [turn for turn in TURNS if not _is_understood(kibaru, *turn)]
                print(f"  _CONFIDENT {sure:.2f}: {len(TURNS) - len(wrong)}", *(f"[{now}]" for _, now, _ in wrong[:8]))
            _compare_likeness(kibaru)


def _is_understood(kibaru: Kibaru, before: str, now: str, article: str) -> bool:
    answer, _ = kibaru.converse(now, [before])
    if not article:
        return answer.is_refusal
    return not answer.is_refusal and article in (answer.quotes[0].article.url or "")


def _compare_likeness(kibaru: Kibaru) -> None:
    asked, group_of = [], []
    for group, texts in enumerate(ALIKE):
        for text in texts:
            asked.append(LoggedQuestion(len(asked), "2026", text, text, "fr", False, 0.1, None, []))
            group_of.append(group)
    vectors = kibaru.embedder.embed_queries([each.question for each in asked])
    meant = {pair for pair in combinations(range(len(asked)), 2) if group_of[pair[0]] == group_of[pair[1]]}
    print(f"{len(asked)} questions, {len(meant)} pairs that ask the same")
    for cosine in np.arange(0.88, 0.985, 0.01):
        question_groups._SAME_QUESTION = round(float(cosine), 2)
        groups = [[each.id for each in group.questions] for group in question_groups.group_questions(asked, vectors)]
        found = {pair for group in groups for pair in combinations(sorted(group), 2)}
        right = len(found & meant)
        print(
            f"  _SAME_QUESTION {cosine:.2f}: {len(groups)} groups, {right} pairs found, {len(found) - right} wrongly "
            f"together, F1 {2 * right / max(1, len(found) + len(meant)):.2f}"
        )


if __name__ == "__main__":
    main()
