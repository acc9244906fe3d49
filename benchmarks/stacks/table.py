"""What was measured of each stack, as Markdown, and whether Kibaru is as far ahead as it wants to be."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

LABELS = {
    "kibaru": "Kibaru",
    "plain": "plain loop",
    "langchain": "LangChain",
    "llama_index": "LlamaIndex",
    "haystack": "Haystack",
    "txtai": "txtai",
}
ROWS = {
    "index": ("index, characters a second", ",.0f"),
    "index_processor": ("… a second of the processor", ",.0f"),
    "cold": ("cold question: start, load, answer (s)", ".1f"),
    "warm": ("warm question, median (ms)", ".1f"),
    "warm_p95": ("… 95th percentile (ms)", ".1f"),
    "warm_processor": ("… processor, mean (ms)", ".1f"),
    "index_peak": ("indexing, peak memory (MB)", ",.0f"),
    "peak": ("asking, peak memory (MB)", ",.0f"),
    "resident": ("asking, resident at the end (MB)", ",.0f"),
    "hit5": ("article among the first 5 (hit@5)", ".3f"),
    "mrr10": ("MRR@10 by article", ".3f"),
}
MORE_IS_BETTER = {"index", "index_processor", "hit5", "mrr10"}
INDEXING_WANTED, WARM_WANTED = 3.0, 0.5


@dataclass
class Measured:
    """The figures of a stack, by the names of ROWS, one for each round."""

    figures: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    versions: list[str] = field(default_factory=list)
    cut: str = ""

    def add(self, **figures: float) -> None:
        for name, value in figures.items():
            self.figures[name].append(value)

    def __getitem__(self, name: str) -> float:
        return median(self.figures[name])


def best_peer(measured: dict[str, Measured], figure: str) -> str:
    """The peer that comes out best."""
    choose = max if figure in MORE_IS_BETTER else min
    return choose((name for name in measured if name != "kibaru"), key=lambda name: measured[name][figure])


def table(measured: dict[str, Measured]) -> str:
    """A row for each figure, in brackets how many times Kibaru's it is, last Kibaru's by the best peer's; below it, how
    each stack cuts, and its versions."""
    lines = [
        "| | " + " | ".join(LABELS[name] for name in measured) + " | Kibaru / best peer |",
        "|---|" + "---|" * (len(measured) + 1),
    ]
    for figure, (label, form) in ROWS.items():
        values = {name: stack[figure] for name, stack in measured.items()}
        own = values["kibaru"]
        cells = [format(own, form)]
        cells += [f"{value:{form}} ({value / own:.2f})" for name, value in values.items() if name != "kibaru"]
        cells.append(f"{own / values[best_peer(measured, figure)]:.2f}")
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    about = [f"- {LABELS[name]}: {stack.cut}; {', '.join(stack.versions)}" for name, stack in measured.items()]
    return "\n".join([*lines, "", *about])


def verdicts(measured: dict[str, Measured]) -> str:
    """The two ratios that Kibaru set itself."""
    indexing, warm = best_peer(measured, "index"), best_peer(measured, "warm")
    faster = measured["kibaru"]["index"] / measured[indexing]["index"]
    share = measured["kibaru"]["warm"] / measured[warm]["warm"]
    return (
        f"Indexing: {faster:.2f} times the characters a second of the fastest peer ({LABELS[indexing]}); "
        f"at least {INDEXING_WANTED} wanted: {'reached' if faster >= INDEXING_WANTED else 'missed'}.\n"
        f"Warm question: {share:.2f} of the median of the fastest peer ({LABELS[warm]}), with quotes and a "
        f"probability; at most {WARM_WANTED} wanted: {'reached' if share <= WARM_WANTED else 'missed'}."
    )
