"""The questions that were not answered, grouped so that those that ask the same stand together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from kibaru.archive import Kibaru
from kibaru.arrays import Vectors
from kibaru.log_types import LoggedQuestion
from kibaru.storage.question_log import QuestionLog
from kibaru.text.stems import fold

_SAME_QUESTION = 0.94
"""Cosine of the embeddings from which two questions count as the same; chosen by its F1 on labelled pairs."""

_MOST = 500
"""Questions that are grouped, the newest ones: their number counts squared."""


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Questions that ask the same.

    Attributes:
        questions: The questions, the newest first.
    """

    questions: list[LoggedQuestion]


def unanswered_groups(kibaru: Kibaru, most: int = _MOST) -> list[QuestionGroup]:
    """Group the newest questions that were refused or voted unhelpful.

    Args:
        kibaru: The archive.
        most: How many questions to group.

    Returns:
        The groups, the largest first.
    """
    with closing(QuestionLog(kibaru.database)) as log:
        questions = log.unanswered(most)
    if not questions:
        return []
    return group_questions(questions, kibaru.embedder.embed_queries([each.question for each in questions]))


def group_questions(questions: Sequence[LoggedQuestion], vectors: Vectors) -> list[QuestionGroup]:
    """Put questions that ask the same together.

    A question joins the first group whose first question has the same words, or a close embedding.

    Args:
        questions: The questions, the newest first.
        vectors: Their unit vectors, shape (number of questions, dimension).

    Returns:
        The groups, the largest first.
    """
    groups: list[tuple[int, list[LoggedQuestion]]] = []
    for number, asked in enumerate(questions):
        for first, members in groups:
            same_words = fold(members[0].question) == fold(asked.question)
            if same_words or float(vectors[first] @ vectors[number]) >= _SAME_QUESTION:
                members.append(asked)
                break
        else:
            groups.append((number, [asked]))
    return [QuestionGroup(members) for _, members in sorted(groups, key=lambda group: -len(group[1]))]
