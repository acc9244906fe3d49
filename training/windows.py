"""Windows: a question beside a stretch of text that answers it, or that sounds as if it did."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus import Asked, Corpus, Source
from noise import noisy

from kibaru.types import Span


@dataclass(frozen=True, slots=True)
class Window:
    """What one training example is made of; `answer` is the span of `body` that answers, None where it does not."""

    question: str
    title: str
    heading: str
    body: str
    answer: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How often each kind of window is drawn; see `training/reader.toml`."""

    noise: float
    short: float
    shortest: int
    longest: int
    shifted: float
    negatives: float
    deleted: float
    elsewhere: float
    near: float
    near_elsewhere: float
    xquad: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole sentences of a text in their order, below a heading; some may be left out in between."""

    heading: str
    sentences: tuple[Span, ...]

    def touches(self, spans: Sequence[Span]) -> bool:
        """Whether a part of one of the spans is in one of the sentences."""
        return any(s.start < span.end and span.start < s.end for s in self.sentences for span in spans)

    def without(self, spans: Sequence[Span]) -> Stretch:
        """The stretch without the sentences that hold a part of one of the spans."""
        kept = (s for s in self.sentences if not any(s.start < a.end and a.start < s.end for a in spans))
        return Stretch(self.heading, tuple(kept))


def draw(corpus: Corpus, recipe: Recipe, rng: random.Random) -> Iterator[Window]:
    """One pass over the questions: a window that answers each, some that do not, and those of near questions."""
    for asked in corpus.asked:
        source = corpus.sources[asked.article]
        if asked.answers:
            yield from _answered(corpus, asked, source, recipe, rng)
            continue
        for _ in range(_times(recipe.near, rng)):
            yield _window(asked, source, _own(asked, source, recipe, rng), recipe, rng)
        if rng.random() < recipe.near_elsewhere:
            yield from _elsewhere(corpus, asked, recipe, rng)


def _times(often: float, rng: random.Random) -> int:
    return int(often) + (rng.random() < often % 1)


def _answered(corpus: Corpus, asked: Asked, source: Source, recipe: Recipe, rng: random.Random) -> Iterator[Window]:
    yield _window(asked, source, _around(source, rng.choice(asked.answers), recipe, rng), recipe, rng)
    for _ in range(_times(recipe.negatives, rng)):
        kind = rng.random()
        if kind < recipe.deleted:
            left = _around(source, rng.choice(asked.answers), recipe, rng, wider=120).without(asked.answers)
            if left.sentences:
                yield _window(asked, source, left, recipe, rng)
        elif kind < recipe.deleted + recipe.elsewhere:
            yield from _elsewhere(corpus, asked, recipe, rng)
        else:
            others = [s for section in source.sections if not (s := Stretch(*section)).touches(asked.answers)]
            if others:
                yield _window(asked, source, _shortened(rng.choice(others), recipe, rng), recipe, rng)


def _window(asked: Asked, source: Source, stretch: Stretch, recipe: Recipe, rng: random.Random) -> Window:
    """The stretch as a text: as it stands, or, where sentences are left out, what is left joined by spaces."""
    body, answer, last = "", None, stretch.sentences[0].start
    for start, end in stretch.sentences:
        between = source.text[last:start]
        body += between if not between.strip() else " "
        for span in asked.answers:
            if answer is None and start <= span.start < end:
                answer = (len(body) + span.start - start, len(body) + span.end - start)
        body += source.text[start:end]
        last = end
    if answer and body[slice(*answer)] != source.text[slice(*asked.answers[0])]:
        answer = None
    question = noisy(asked.question, asked.language, rng) if rng.random() < recipe.noise else asked.question
    return Window(question, source.title, stretch.heading, body, answer)


def _around(source: Source, answer: Span, recipe: Recipe, rng: random.Random, wider: int = 0) -> Stretch:
    """A stretch with the answer: its passage, one cut elsewhere, or a short one."""
    number = next((n for n, s in enumerate(source.sections) if Stretch(*s).touches([answer])), 0)
    heading, sentences = source.sections[number]
    kind = rng.random()
    if kind < recipe.short:
        return _grown(Stretch(heading, sentences), answer, wider + rng.randint(recipe.shortest, recipe.longest), rng)
    if kind < recipe.short + recipe.shifted:
        whole = Stretch(heading, tuple(s for _, sentences in source.sections for s in sentences))
        return _grown(whole, answer, rng.randint(350, 750), rng)
    return Stretch(heading, sentences)


def _grown(stretch: Stretch, around: Span, characters: int, rng: random.Random) -> Stretch:
    """The sentences of a span, with others before and after them by chance, up to so many characters."""
    sentences = stretch.sentences
    inside = [at for at, s in enumerate(sentences) if s.start < around.end and around.start < s.end]
    if not inside:
        return stretch
    first, last = inside[0], inside[-1]
    while sentences[last].end - sentences[first].start < characters and (first > 0 or last < len(sentences) - 1):
        if last == len(sentences) - 1 or (first > 0 and rng.random() < 0.5):
            first -= 1
        else:
            last += 1
    return Stretch(stretch.heading, sentences[first : last + 1])


def _shortened(stretch: Stretch, recipe: Recipe, rng: random.Random) -> Stretch:
    """The stretch, or as often as others are short a part of it."""
    if rng.random() >= recipe.short:
        return stretch
    return _grown(stretch, rng.choice(stretch.sentences), rng.randint(recipe.shortest, recipe.longest), rng)


def _own(asked: Asked, source: Source, recipe: Recipe, rng: random.Random) -> Stretch:
    """A passage of a near question's own article, mostly the one that retrieval puts first; or the part of it that
    shares most words with the question."""
    ranked = [
        Stretch(*section)
        for id, start, _, _ in asked.hits
        for section in source.sections
        if id == source.id and section[1][0].start == start
    ]
    if not ranked or rng.random() < 0.15:
        return _shortened(Stretch(*rng.choice(source.sections)), recipe, rng)
    stretch = ranked[0] if rng.random() < 0.65 else rng.choice(ranked)
    if rng.random() >= recipe.short:
        return stretch
    words = {word[:5] for word in asked.question.lower().split() if len(word) > 3}
    shared = [sum(word in source.text[slice(*s)].lower() for word in words) + rng.random() for s in stretch.sentences]
    closest = stretch.sentences[shared.index(max(shared))]
    return _grown(stretch, closest, rng.randint(recipe.shortest, recipe.longest), rng)


def _elsewhere(corpus: Corpus, asked: Asked, recipe: Recipe, rng: random.Random) -> Iterator[Window]:
    """A passage of another article, of those that retrieval finds first; not one of the same story (series r8), nor one
    with the words of the answer."""
    own = corpus.sources[asked.article]
    wanted = own.text[slice(*asked.answers[0])].lower() if asked.answers else None
    for id, start, end, _ in rng.sample(asked.hits, len(asked.hits)):
        other = corpus.sources.get(id)
        if other is None or id == asked.article or (id.startswith("r8") and asked.article.startswith("r8")):
            continue
        section = next((s for s in other.sections if s[1][0].start == start), None)
        if section and not (wanted and wanted in other.text[start:end].lower()):
            foreign = Asked(asked.id, asked.question, asked.language, id, ())
            yield _window(foreign, other, _shortened(Stretch(*section), recipe, rng), recipe, rng)
            return


_ASKING = (("en", 0.3), ("ru", 0.2), ("ar", 0.2), ("es", 0.15), ("de", 0.1), ("ro", 0.05))
_TELLING = (("en", 0.45), ("es", 0.3), ("ro", 0.15), ("de", 0.1))


def draw_crossed(xquad: dict[str, Corpus], recipe: Recipe, rng: random.Random) -> Iterator[Window]:
    """Some of XQuAD's questions in one language beside its paragraphs in another: answered, deleted, or of another."""
    if not xquad:
        return
    documents = defaultdict[str, list[str]](list)
    for id in xquad["en"].sources:
        documents[id.rsplit("-", 1)[0]].append(id)
    for number in range(len(xquad["en"].asked)):
        if rng.random() >= recipe.xquad:
            continue
        asking, telling = (xquad[rng.choices(*zip(*choice, strict=True))[0]] for choice in (_ASKING, _TELLING))
        row, told = asking.asked[number], telling.asked[number]
        source = telling.sources[told.article]
        asked = Asked(row.id, row.question, row.language, told.article, told.answers)
        yield _window(asked, source, _around(source, told.answers[0], recipe, rng), recipe, rng)
        if rng.random() >= recipe.negatives:
            continue
        left = _around(source, told.answers[0], recipe, rng, wider=120).without(told.answers)
        if left.sentences and rng.random() < 0.6:
            yield _window(asked, source, left, recipe, rng)
            continue
        others = [id for id in documents[told.article.rsplit("-", 1)[0]] if id != told.article]
        if others:
            other = telling.sources[rng.choice(others)]
            foreign = Asked(row.id, row.question, row.language, other.id, ())
            stretch = _shortened(Stretch(*rng.choice(other.sections)), recipe, rng)
            yield _window(foreign, other, stretch, recipe, rng)
