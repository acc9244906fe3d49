"""The rows of the question log and of the audit log, which the library and the bot share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A question to be logged; the fields are those of `LoggedQuestion`, and who asked it where.

    Attributes:
        reader: The fingerprint of the reader.
        conversation: The fingerprint of the conversation.
        message: The fingerprint of the message in which the question stands.
    """

    question: str
    understood: str
    language: str | None
    answered: bool
    confidence: float
    reader: str
    conversation: str
    message: str


@dataclass(frozen=True, slots=True)
class LoggedQuestion:
    """A question in the question log.

    Attributes:
        id: Its number.
        asked: When it was asked (ISO date and time, UTC).
        question: The question as it was asked.
        understood: What was searched for: of a follow-up, both questions joined.
        language: The language of the reader's interface (two letters).
        answered: Whether there was an answer, not a refusal.
        confidence: The answer's confidence, 0 to 1.
        helpful: The reader's vote, if there was one.
        replies: The numbers of the messages that answered it; 0 for a message still to be sent, negative for one still
            to be replaced.
    """

    id: int
    asked: str
    question: str
    understood: str
    language: str | None
    answered: bool
    confidence: float
    helpful: bool | None
    replies: list[int]

    @property
    def is_fully_answered(self) -> bool:
        """Whether all messages of the answer were sent."""
        return min(self.replies, default=0) > 0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A line of the audit log: who changed what.

    Attributes:
        id: Its number.
        at: When (ISO date and time, UTC).
        who: Who made the change.
        action: What was done: "added", "updated", "removed", "put back" or "rebuilt".
        article: The id of the article, empty where the change concerns no single one.
        title: The title of the article.
        before: The article before the change, as JSON, where the change took it away.
    """

    id: int
    at: str
    who: str
    action: str
    article: str
    title: str
    before: str | None


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """What became of a published article, for the audit log.

    Attributes:
        action: "added", "updated" or "unchanged".
        article: The id of the article.
        title: Its title.
        before: The article that it replaced, as JSON, if there was one.
    """

    action: str
    article: str
    title: str
    before: str | None
