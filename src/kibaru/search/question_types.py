"""Types of answer: which of them a question asks for, and which a sentence has.

The types are name, date, number, money and definition. They are recognised by regular expressions, in the languages
readers write most; a question that matches none asks for no type in particular.
"""

from __future__ import annotations

import re

_WHICH = (
    r"\b(?:quel(?:le)?s?|which|what) (?:(?:est|sont|était|étaient|is|was|are|were) )?"
    r"(?:(?:les?|la|the) |l['’])?(?:\w+ )?"
)
_SIGNS_OF_QUESTION = {
    "name": r"\b(?:qui|o[uù]|who|whom|whose|where|quem|onde|кто|где)\b|من هو|أين"
    rf"|{_WHICH}(?:nom|personne|pr[ée]sident\w*|ministre|maire|auteur|artiste|joueur|pays|ville|commune|r[ée]gion|"
    r"quartier|d[ée]partement|continent|localit[ée]|capitale|name|person|president|minister|mayor|author|player|"
    r"country|city|town|region|district|capital)\b",
    "date": r"\b(?:quand|when|quando|когда)\b|متى"
    rf"|{_WHICH}(?:date|jour|mois|ann[ée]e|heure|day|month|year|time)\b",
    "number": r"\b(?:combien|quantos?|quantas?|сколько)\b|كم|\bhow (?:many|much|long|old|far|big|tall)\b"
    rf"|{_WHICH}(?:nombre|montant|prix|co[uû]t|taux|[âa]ge|bilan|superficie|population|taille|longueur|hauteur|"
    r"distance|dur[ée]e|number|amount|price|cost|rate|age|toll|size|length|height)\b",
    "money": r"\b(?:co[uû]t\w*|prix|montant|tarif|salaire|cost\w*|price|wages?|custou?|preço|стоит|стоила?|цена)\b"
    r"|سعر|تكلف",
    "definition": r"\bqu['’ ]?est[- ]ce qu(?:e\b|['’]une?\b)|\bc['’]est quoi\b|\bque signifie\b|\bwhat (?:is|are)\b"
    r"|\b(?:qui|who) (?:est|[ée]tait|is|was)\b|\bo que é\b|\bчто такое\b|ما هو|ما هي",
}
_MONTHS = (
    "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|january|february|march|april"
    "|may|june|july|august|september|october|november|december|siècle|century"
)
_SIGNS_OF_ANSWER = {
    "name": r"(?<=[\w,;:’'«(] )[^\W\d_a-zà-öø-ÿ][\w’'-]+|(?<=[’'])[^\W\d_a-zà-öø-ÿ][\w-]+",
    "date": rf"\b(?:1\d{{3}}|20\d\d)\b|\b(?:{_MONTHS})\b",
    "number": r"\d",
    "money": r"\d[\d\s.,]*(?:mill\w+ |thousand |billion )?(?:de |d['’])?"
    r"(?:francs?|f ?cfa|cfa|euros?|dollars?|nairas?|cedis?|dalasis?|[€$£])|[€$£] ?\d",
    "definition": r"\b(?:est|était|sont|fut|is|was|are|é|são)\b (?:une?|le|la|les|l['’]|des|du|an?|the|o|a|um|uma)\b",
}
_ASKED = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _SIGNS_OF_QUESTION.items()}
_PRESENT = {
    kind: re.compile(pattern, 0 if kind == "name" else re.IGNORECASE) for kind, pattern in _SIGNS_OF_ANSWER.items()
}


def asked_for(question: str) -> set[str]:
    """The types of answer a question asks for: "How much did it cost?" asks for a number and for money."""
    return {kind for kind, pattern in _ASKED.items() if pattern.search(question)}


def has_question_mark(text: str) -> bool:
    """Whether a text has a question mark, Latin or Arabic."""
    return bool(re.search(r"[?\u061f]", text))


def answer_types_in(sentence: str, question: str) -> set[str]:
    """The types of answer that a sentence has; it has a name only if it has one that the question does not give."""
    found = {kind for kind, pattern in _PRESENT.items() if pattern.search(sentence)}
    if "name" in found and all(name.lower() in question.lower() for name in _PRESENT["name"].findall(sentence)):
        found.remove("name")
    return found
