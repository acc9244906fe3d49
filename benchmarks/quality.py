"""Measure finding, quoting and refusing: `kibaru eval` on a folder of articles and questions, or on the samples.

    python benchmarks/quality.py --data ../shared/eval/dev
    python benchmarks/quality.py --samples
    python benchmarks/quality.py --respelt
    python benchmarks/quality.py --dated

Asks everything once and prints the half held out, then the half that `benchmarks/calibrate.py` was fitted on, then
all. `--save` keeps the run for `kibaru eval compare`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import prepared  # noqa: F401
from evaluation_set import dated_set, respelt_set, sample_set
from kibaru.evaluation.figures import finding, numbers, tables, with_intervals
from kibaru.evaluation.results import Run, run_lines
from kibaru.evaluation.run import run_set
from kibaru.evaluation.sets import Split, in_split, read_set
from kibaru.evaluation.tables import run_json, run_text
from kibaru.settings import load_settings


def part(run: Run, split: Split) -> Run:
    """What of a run belongs to a split."""
    kept = [result for result in run.results if in_split(result.clean_id or result.id, split)]
    return replace(run, about=run.about | {"split": split}, results=kept)


def by_kind_of_date(run: Run) -> str:
    """hit@1 of the questions that name a day, of those that name a month, and so on."""
    lines = []
    for variant in dict.fromkeys(result.variant for result in run.results):
        asked = [result for result in run.results if result.variant == variant and result.group == "question"]
        figure = with_intervals(finding("question"), numbers(asked))["hit@1"]
        lines.append(f"{variant:<12} {len(asked):4}  {figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--data", type=Path)
    which.add_argument("--samples", action="store_true", help="the questions about the sample articles, in 8 languages")
    which.add_argument("--respelt", action="store_true", help="these, spelt wrongly by rule")
    which.add_argument("--dated", action="store_true", help="questions about a day, a month or now")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--save", type=Path)
    arguments = parser.parse_args()
    if arguments.data:
        evaluated = read_set(arguments.data, "fr")
    else:
        evaluated = respelt_set() if arguments.respelt else dated_set() if arguments.dated else sample_set()
    run = run_set(evaluated, load_settings(), "all")
    if arguments.dated:
        print(by_kind_of_date(run), end="\n\n")
    if arguments.save:
        arguments.save.write_text(run_lines(run), "utf-8")
    for split in get_args(Split):
        half = part(run, split)
        measured = tables(half)
        if arguments.as_json:
            print(json.dumps(run_json(half, measured), ensure_ascii=False))
        else:
            print(run_text(half, measured), end="\n\n")


if __name__ == "__main__":
    main()
