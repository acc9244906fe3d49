"""Runs and comparisons as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kibaru.evaluation.figures import Comparison, Measured, Table
from kibaru.evaluation.results import Result, Run
from kibaru.evaluation.variants import Variant, by_language, by_variant

_QUOTED = 300


def run_text(run: Run, tables: Sequence[Table]) -> str:
    """A run as text: what was measured, then each figure with its interval."""
    lines = [f"{name:8} {value}" for name, value in run.about.items() if value != "0"]
    lines += [f"answered from a confidence of {run.threshold:.3f}, surely from {run.sure:.3f}"]
    lines += ["[ ] are 95 % bootstrap intervals"]
    for table in tables:
        lines += ["", f"{table.title} ({table.count} asked)"]
        lines += [f"  {name:36} {_measured(name, figure)}" for name, figure in table.figures.items()]
    if variants := by_variant(run.results):
        lines += ["", "questions in other languages and spellings, against the clean ones they come from"]
        lines += [f"  {'variant':14} {'asked':>5}  {'hit@1':22} {'clean':6} {'change':24} in three quotes"]
        lines += [_variant(variant) for variant in variants]
    if languages := by_language(run.results):
        lines += ["", f"  {'language':14} {'asked':>5}  {'hit@1':22} {'MRR@10':22} in three quotes"]
        lines += [_language(language) for language in languages]
    return "\n".join(lines)


def run_json(run: Run, tables: Sequence[Table]) -> dict[str, Any]:
    """A run as JSON: each figure as [value, low, high]."""
    return {
        "run": run.about,
        "threshold": run.threshold,
        "sure": run.sure,
        "tables": {table.title: _lists(table.figures) for table in tables},
        "variants": {variant.name: _lists(variant.figures) for variant in by_variant(run.results)},
        "languages": {language.name: _lists(language.figures) for language in by_language(run.results)},
    }


def comparison_json(before: Run, after: Run, compared: Sequence[Comparison]) -> dict[str, Any]:
    """A comparison as JSON: each change as [value, low, high], and lines about questions that went better or worse."""
    changes = list(changes_of(before, after))
    return {
        "before": {c.title: c.before for c in compared},
        "after": {c.title: c.after for c in compared},
        "change": {c.title: _lists(c.change) for c in compared},
        "better": [line for sign, line in changes if sign == "+"],
        "worse": [line for sign, line in changes if sign == "-"],
    }


def comparison_text(before: Run, after: Run, compared: Sequence[Comparison]) -> str:
    """A comparison as text: each figure in both runs, its change, then the questions that went better or worse."""
    lines = [
        f"{name}: {before.about.get(name)} -> {value}"
        for name, value in after.about.items()
        if before.about.get(name) != value
    ]
    lines += ["differences with 95 % bootstrap intervals, question by question; * when 0 is outside"]
    for table in compared:
        lines += ["", f"{table.title} ({table.count} asked by both)"]
        for name, change in table.change.items():
            values = f"{_number(name, table.before[name])} -> {_number(name, table.after[name])}"
            star = " *" if change.low > 0 or change.high < 0 else ""
            lines.append(f"  {name:36} {values}   {_measured(name, change, '+')}{star}")
    for sign, title in (("+", "better"), ("-", "worse")):
        changes = [line for mark, line in changes_of(before, after) if mark == sign]
        lines += ["", f"{title}: {len(changes)}", *(f"  {line}" for line in changes)]
    return "\n".join(lines)


def changes_of(before: Run, after: Run) -> Iterator[tuple[str, str]]:
    """The changes between two runs: "+" for better or "-" for worse, and a line that says what changed."""
    later = {result.key: result for result in after.results}
    for old in before.results:
        new = later.get(old.key)
        if new is None:
            continue
        where = f"{old.id} ({old.group})"
        if old.rank != new.rank:
            better = (1 / new.rank if new.rank else 0) > (1 / old.rank if old.rank else 0)
            ranks = " -> ".join(str(rank or "not found") for rank in (old.rank, new.rank))
            yield "+" if better else "-", f"{where} rank {ranks}: {old.question[:_QUOTED]}"
        if old.in_first != new.in_first:
            words = "answers" if new.in_first else "no longer answers"
            yield "+" if new.in_first else "-", f"{where} the first quote {words}: {old.question[:_QUOTED]}"
        if old.group != "headline":
            answered = [old.confidence >= before.threshold, new.confidence >= after.threshold]
            if answered[0] != answered[1]:
                right = answered[1] == (old.group == "question")
                words = "now answered" if answered[1] else "now refused"
                yield "+" if right else "-", f"{where} {words}: {old.question[:_QUOTED]}"


def errors_text(run: Run) -> str:
    """The questions that went wrong, with what was found and quoted instead."""
    return "\n\n".join(_error(result, faults) for result in run.results if (faults := _faults(result, run.threshold)))


def _faults(result: Result, threshold: float) -> list[str]:
    answered = result.confidence >= threshold
    if result.group in ("unanswerable", "orphaned"):
        return ["answered, though no article says it"] if answered else []
    faults = []
    if result.rank != 1:
        faults.append(f"its article came at rank {result.rank}" if result.rank else "its article was not found")
    if result.group == "question":
        if not result.in_three:
            faults.append("no quote holds the answer")
        elif not result.in_first:
            faults.append("the answer is not in the first quote")
        if not answered:
            faults.append("refused")
    return faults


def _error(result: Result, faults: Sequence[str]) -> str:
    lines = [f"{result.id} ({result.group}): {'; '.join(faults)}", f"  asked     {result.question}"]
    if result.expected:
        lines.append(f"  expected  {result.expected}" + (f": {result.answer}" if result.answer else ""))
    lines.append(f"  confidence {result.confidence:.3f}")
    for quote in result.quotes:
        text = " ".join(quote.text.split())
        shown = text if len(text) <= _QUOTED else f"{text[:_QUOTED]} […]"
        lines.append(f"  quoted    {quote.article} {quote.title}: « {shown} »")
    return "\n".join(lines)


def _variant(variant: Variant) -> str:
    f = variant.figures
    return (
        f"  {variant.name:14} {variant.count:5}  {_measured('', f['hit@1']):22} {f['clean hit@1'].value:.3f}  "
        f"{_measured('', f['change'], '+'):24} {f['in three quotes'].value:.3f}"
    )


def _language(language: Variant) -> str:
    f = language.figures
    return (
        f"  {language.name:14} {language.count:5}  {_measured('', f['hit@1']):22} {_measured('', f['MRR@10']):22} "
        f"{f['in three quotes'].value:.3f}"
    )


def _lists(figures: Mapping[str, Measured]) -> dict[str, list[float]]:
    return {name: [figure.value, figure.low, figure.high] for name, figure in figures.items()}


def _measured(name: str, figure: Measured, sign: str = "") -> str:
    value, low, high = (_number(name, number, sign) for number in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]"


def _number(name: str, value: float, sign: str = "") -> str:
    return format(value, f"{sign}.0f" if name == "median first quote" else f"{sign}.3f")
