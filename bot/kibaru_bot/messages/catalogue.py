"""What a language must say. A translator fills in one Catalogue; the type checker names what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sentences are HTML as Telegram reads it, and `{braces}` are filled in with escaped text, `{count:word|words}`
    with a number and the word that goes with it; fields that end in `_button`, `_command`, `_toast` or `_plain`, and
    the descriptions, are plain text."""

    code: str
    name: str
    months: tuple[str, ...]
    is_singular: Callable[[int], bool]
    decimal_point: str
    # Readers
    start: str
    examples: str
    example_question_plain: str
    help: str
    greeting: str
    you_are_welcome: str
    empty_archive: str
    latest: str
    about: str
    about_dates: str
    language: str
    language_set: str
    new_thread: str
    forgotten: str
    also_in: str
    unsure: str
    refusal: str
    leads: str
    more_button: str
    previous_button: str
    open_button: str
    helpful_button: str
    unhelpful_button: str
    thanks_toast: str
    sorry_toast: str
    no_more_toast: str
    expired_toast: str
    not_yours_toast: str
    only_text: str
    only_text_and_files: str
    empty_question: str
    too_long: str
    ask_usage: str
    unknown_command: str
    overloaded: str
    too_fast: str
    too_many: str
    unavailable: str
    inline_none_plain: str
    inline_busy_plain: str
    inline_hint_plain: str
    # Commands, in Telegram's menu
    start_command: str
    help_command: str
    latest_command: str
    about_command: str
    language_command: str
    new_command: str
    forget_command: str
    ask_command: str
    add_command: str
    articles_command: str
    rebuild_command: str
    status_command: str
    unanswered_command: str
    description: str
    short_description: str
    # Admins
    add_usage: str
    add_text_missing: str
    file_too_large: str
    file_not_given: str
    file_not_read: str
    file_empty: str
    preview: str
    preview_new: str
    preview_update: str
    preview_same_title: str
    preview_unchanged: str
    preview_many: str
    preview_failures: str
    publish_button: str
    draft_gone_toast: str
    cancel_button: str
    nothing_to_publish: str
    published: str
    publish_failed: str
    cancelled: str
    articles: str
    articles_none: str
    articles_search: str
    article_detail: str
    remove_button: str
    remove_sure: str
    remove_yes_button: str
    removed: str
    undo_button: str
    restored: str
    back_button: str
    rebuild_started: str
    rebuild_running: str
    rebuild_progress: str
    rebuild_done: str
    synced: str
    synced_source: str
    synced_added: str
    synced_updated: str
    synced_gone: str
    synced_problem: str
    failed: str
    status: str
    unanswered: str
    unanswered_none: str
    unanswered_line: str
    csv_button: str
    csv_caption: str

    def fill(self, sentence: str, **values: object) -> str:
        """One of the sentences with its braces filled in."""
        return _Filler(self).vformat(sentence, (), values)

    def date(self, iso: str | None) -> str:
        """A day as people write it: 3 juin 2025, 3 June 2025; nothing for none."""
        parts = (iso or "")[:10].split("-")
        if len(parts) != 3 or not all(part.isdecimal() for part in parts):
            return ""
        year, month, day = (int(part) for part in parts)
        if not 1 <= month <= 12:
            return ""
        return f"{'1er' if day == 1 and self.code == 'fr' else day} {self.months[month - 1]} {year}"

    def moment(self, iso: str | None) -> str:
        """A moment (ISO, UTC) to the minute: 3 juin 2025, 14:05 UTC; a dash for none."""
        return f"{self.date(iso)}, {iso[11:16]} UTC" if iso else "-"


class _Filler(Formatter):
    """Numbers as the language writes them, and words that go with a number."""

    def __init__(self, words: Catalogue) -> None:
        self._words = words

    def format_field(self, value: Any, spec: str) -> str:
        one, among, many = spec.partition("|")
        if among:
            return f"{value} {one if self._words.is_singular(value) else many}"
        text = str(super().format_field(value, spec))
        return text.replace(".", self._words.decimal_point) if isinstance(value, float) else text
