"""Packs: a stretch of text with questions that it answers, and others that sound as if it did."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus import Asked, Corpus, Source
from kibaru.sentences import Span
from noise import noisy


@dataclass(frozen=True, slots=True)
class Pack:
    """Questions about one text; each with the span of `body` that answers, or None."""

    title: str
    heading: str
    body: str
    questions: tuple[tuple[str, tuple[int, int] | None], ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How often each kind is drawn; see `training/reader.toml`."""

    noise: float
    shifted: float
    deleted: float
    near: float
    answered_elsewhere: float
    foreign: float
    xquad: float
    most: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole sentences of a text in their order, below a heading; some may be left out in between."""

    heading: str
    sentences: tuple[Span, ...]

    def holds(self, span: Span) -> bool:
        """Whether all of the span is in one of the sentences, or in several that follow each other."""
        return any(s.start <= span.start < s.end for s in self.sentences) and any(
            s.start < span.end <= s.end for s in self.sentences
        )


def draw(corpus: Corpus, recipe: Recipe, rng: random.Random) -> Iterator[Pack]:
    """One pass over the passages of a corpus, each once: as it is, cut elsewhere, or with sentences left out."""
    by_article, strangers = defaultdict[str, list[Asked]](list), _strangers(corpus)
    for asked in corpus.asked:
        by_article[asked.article].append(asked)
    for source in corpus.sources.values():
        for number, (heading, sentences) in enumerate(source.sections):
            own = by_article[source.id]
            stretch = _varied(source, Stretch(heading, sentences), own, recipe, rng)
            chosen = [asked for asked in own if _is_chosen(asked, source, number, stretch, recipe, rng)]
            foreign = strangers.get((source.id, sentences[0].start), [])
            if foreign and rng.random() < recipe.foreign:
                chosen.append(rng.choice(foreign))
            yield from _packs(source, stretch, chosen, recipe, rng)


def _strangers(corpus: Corpus) -> dict[tuple[str, int], list[Asked]]:
    """The questions about other articles for which retrieval finds a passage among the first.

    Left out are those whose answer stands there too, and successive news of one story (series r8).
    """
    found = defaultdict[tuple[str, int], list[Asked]](list)
    for asked in corpus.asked:
        own = corpus.sources[asked.article]
        wanted = own.text[slice(*asked.answers[0])].lower() if asked.answers else None
        for id, start, end, _ in asked.hits[:6]:
            is_story = id.startswith("r8") and asked.article.startswith("r8")
            if id == asked.article or id not in corpus.sources or is_story:
                continue
            if not wanted or wanted not in corpus.sources[id].text[start:end].lower():
                found[id, start].append(Asked(asked.id, asked.question, asked.language, id, ()))
    return found


def _varied(source: Source, stretch: Stretch, asked: Sequence[Asked], recipe: Recipe, rng: random.Random) -> Stretch:
    kind = rng.random()
    if kind < recipe.shifted:
        whole = tuple(s for _, sentences in source.sections for s in sentences)
        return _grown(Stretch(stretch.heading, whole), rng.choice(stretch.sentences), rng.randint(250, 850), rng)
    if kind < recipe.shifted + recipe.deleted:
        telling = [s for s in stretch.sentences for a in asked for span in a.answers if s.start <= span.start < s.end]
        count = rng.randint(1, max(1, len(set(telling)) // 2))
        gone = set(rng.sample(sorted(set(telling)), min(count, len(set(telling))))) if telling else set()
        left = tuple(s for s in stretch.sentences if s not in gone)
        return Stretch(stretch.heading, left) if left else stretch
    return stretch


def _grown(stretch: Stretch, around: Span, characters: int, rng: random.Random) -> Stretch:
    """A sentence, with others before and after it by chance, up to so many characters."""
    sentences = stretch.sentences
    first = last = sentences.index(around)
    while sentences[last].end - sentences[first].start < characters and (first > 0 or last < len(sentences) - 1):
        if last == len(sentences) - 1 or (first > 0 and rng.random() < 0.5):
            first -= 1
        else:
            last += 1
    return Stretch(stretch.heading, sentences[first : last + 1])


def _is_chosen(
    asked: Asked, source: Source, number: int, stretch: Stretch, recipe: Recipe, rng: random.Random
) -> bool:
    """Whether a question of the article is read with this stretch of it."""
    if any(stretch.holds(span) for span in asked.answers):
        return True
    start = source.sections[number][1][0].start
    if asked.answers:
        last = source.sections[number][1][-1].end
        is_deleted = any(start <= span.start < last for span in asked.answers)
        return is_deleted or rng.random() < recipe.answered_elsewhere
    ranked = [at for id, at, _, _ in asked.hits if id == source.id]
    return (bool(ranked) and ranked[0] == start) or rng.random() < recipe.near


def _packs(
    source: Source, stretch: Stretch, chosen: Sequence[Asked], recipe: Recipe, rng: random.Random
) -> Iterator[Pack]:
    """The stretch as a text, with these questions, at most so many at once."""
    body, last, shift = "", stretch.sentences[0].start, dict[Span, int]()
    for sentence in stretch.sentences:
        between = source.text[last : sentence.start]
        body += between if not between.strip() else " "
        shift[sentence] = len(body) - sentence.start
        body += source.text[sentence.start : sentence.end]
        last = sentence.end
    questions = []
    for asked in rng.sample(chosen, len(chosen)):
        words = noisy(asked.question, asked.language, rng) if rng.random() < recipe.noise else asked.question
        answer = None
        for span in asked.answers:
            at = next((shift[s] for s in stretch.sentences if s.start <= span.start < s.end), None)
            if answer is None and at is not None and stretch.holds(span):
                moved = (span.start + at, span.end + at)
                answer = moved if body[slice(*moved)] == source.text[slice(*span)] else None
        questions.append((words, answer))
    for at in range(0, len(questions), recipe.most):
        yield Pack(source.title, stretch.heading, body, tuple(questions[at : at + recipe.most]))


_ASKING = (("en", 0.3), ("ru", 0.2), ("ar", 0.2), ("es", 0.15), ("de", 0.1), ("ro", 0.05))
_TELLING = (("en", 0.45), ("es", 0.3), ("ro", 0.15), ("de", 0.1))


def draw_crossed(xquad: dict[str, Corpus], recipe: Recipe, rng: random.Random) -> Iterator[Pack]:
    """Some of XQuAD's paragraphs in one language, with questions in others about them and their neighbours."""
    if not xquad:
        return
    places = defaultdict[str, list[int]](list)
    for number, asked in enumerate(xquad["en"].asked):
        places[asked.article].append(number)
    for id, numbers in places.items():
        if rng.random() >= recipe.xquad:
            continue
        telling = xquad[rng.choices(*zip(*_TELLING, strict=True))[0]]
        source = telling.sources[id]
        document = id.rsplit("-", 1)[0]
        neighbours = [n for other, ns in places.items() if other != id and other.startswith(f"{document}-") for n in ns]
        chosen = []
        for number in [*numbers, *rng.sample(neighbours, min(3, len(neighbours)))]:
            row = xquad[rng.choices(*zip(*_ASKING, strict=True))[0]].asked[number]
            answers = telling.asked[number].answers if number in numbers else ()
            chosen.append(Asked(row.id, row.question, row.language, id, answers))
        own = [asked for asked in chosen if asked.answers]
        whole = Stretch("", tuple(s for _, sentences in source.sections for s in sentences))
        stretch = _varied(source, whole, own, recipe, rng)
        yield from _packs(source, stretch, chosen, recipe, rng)
