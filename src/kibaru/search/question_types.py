"""What a question asks for, and whether a sentence has that: a name, a date, a number, a definition.

Signs on the surface, in the languages readers write most; a question without any of them is judged by its words alone.
"""

from __future__ import annotations

import re

_WHICH = (
    r"\b(?:quel(?:le)?s?|which|what) (?:(?:est|sont|était|étaient|is|was|are|were) )?"
    r"(?:(?:les?|la|the) |l['’])?(?:\w+ )?"
)
_ASKS = {
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
_HAS = {
    "name": r"(?<=[\w,;:’'«(] )[^\W\d_a-zà-öø-ÿ][\w’'-]+|(?<=[’'])[^\W\d_a-zà-öø-ÿ][\w-]+",
    "date": rf"\b(?:1\d{{3}}|20\d\d)\b|\b(?:{_MONTHS})\b",
    "number": r"\d",
    "money": r"\d[\d\s.,]*(?:mill\w+ |thousand |billion )?(?:de |d['’])?"
    r"(?:francs?|f ?cfa|cfa|euros?|dollars?|nairas?|cedis?|dalasis?|[€$£])|[€$£] ?\d",
    "definition": r"\b(?:est|était|sont|fut|is|was|are|é|são)\b (?:une?|le|la|les|l['’]|des|du|an?|the|o|a|um|uma)\b",
}
_ASKED = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _ASKS.items()}
_FOUND = {kind: re.compile(pattern, 0 if kind == "name" else re.IGNORECASE) for kind, pattern in _HAS.items()}


def asked_for(question: str) -> set[str]:
    """Which of name, date, number, money and definition the question asks for; none when it shows no sign."""
    return {kind for kind, pattern in _ASKED.items() if pattern.search(question)}


def is_subject(text: str) -> bool:
    """Whether a reader names a subject rather than asks about one: without a question mark, or a sign of a question."""
    return not re.search(r"[?\u061f]", text) and not asked_for(text)


def found_in(sentence: str, question: str) -> set[str]:
    """Which of these the sentence has; names count that the question does not have itself."""
    found = {kind for kind, pattern in _FOUND.items() if pattern.search(sentence)}
    if "name" in found and all(name.lower() in question.lower() for name in _FOUND["name"].findall(sentence)):
        found.remove("name")
    return found
