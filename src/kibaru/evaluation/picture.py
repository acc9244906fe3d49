"""Drawing the reliability diagram: how often answers of each confidence are right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kibaru.errors import BadInput, KibaruError, StorageError
from kibaru.evaluation.figures import bins, calibration_error, numbers, outcomes
from kibaru.evaluation.results import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def check_pictures() -> None:
    """Make sure that matplotlib is installed.

    Raises:
        KibaruError: It is not.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise KibaruError("Pictures need matplotlib: run 'pip install matplotlib'.") from None


def save_reliability(run: Run, path: Path) -> None:
    """Draw the share of questions whose quotes hold the answer over their confidence, with the count of each bin.

    There is a panel for answerable and unanswerable questions, and one that has the orphaned ones too.

    Args:
        run: The results.
        path: The PNG file to write.

    Raises:
        BadInput: The run has headlines only.
        StorageError: The file cannot be written.
    """
    from matplotlib.figure import Figure

    sample = numbers(run.results)
    if not sample.keys() & {"question", "unanswerable"}:
        raise BadInput("There is no picture of headlines alone: only other questions are refused.")
    panels: dict[str, tuple[str, ...]] = {"answerable and unanswerable": ("question", "unanswerable")}
    if "orphaned" in sample:
        panels["the same and orphaned"] = ("question", "unanswerable", "orphaned")
    figure = Figure(figsize=(5.2 * len(panels), 5), layout="constrained")
    for axes, (title, groups) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        _draw(axes, title, *outcomes(sample, groups), run.threshold)
    partial = path.with_name(f".{path.name}.partial")
    try:
        figure.savefig(partial, dpi=120, format="png")
        partial.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: it cannot be written ({error.strerror or error}).") from error


def _draw(axes: Axes, title: str, confidence: NDArray[np.float64], right: NDArray[np.bool_], threshold: float) -> None:
    found = bins(confidence, right)
    means, shares, counts = zip(*found, strict=True)
    axes.bar(means, shares, width=0.07, color="#4c78a8", label="share whose quotes hold the answer")
    axes.plot([0, 1], [0, 1], color="black", linestyle=":", label="as it should be")
    axes.axvline(threshold, color="#e45756", linestyle="--", label=f"answered from {threshold:.3f}")
    for mean, share, count in zip(means, shares, counts, strict=True):
        axes.annotate(str(count), (mean, share), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8)
    error = calibration_error(confidence, right)
    axes.set(
        title=f"{title}: {len(confidence)} asked,\ncalibration error {error:.3f}",
        xlabel="confidence", ylabel="answered correctly", xlim=(0, 1), ylim=(0, 1.05),
    )  # fmt: skip
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), fontsize=8)
