"""What is counted while the bot runs: for /status, and for Prometheus where an endpoint is wanted."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from kibaru import Kibaru
from kibaru.sources.registry import Sources
from kibaru_bot.readiness import listening

log = logging.getLogger(__name__)

_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Ages:
    """When the index in use was built, and when a source was last brought in (ISO, UTC); None for never."""

    built: str | None
    synced: str | None


def ages(kibaru: Kibaru) -> Ages:
    """Look the ages of an archive up."""
    with closing(Sources(kibaru.database)) as sources:
        synced = max((each.synced for each in sources.all() if each.synced), default=None)
    return Ages(kibaru.built_at(), synced)


class Metrics:
    """Counts since the start: questions by what became of them, and the last error."""

    def __init__(self) -> None:
        self.started = _now()
        self.error: str | None = None
        self.registry = CollectorRegistry()
        self._questions = Counter(
            "kibaru_questions", "Questions, by what their readers were told.", ["told"], registry=self.registry
        )
        self._seconds = Histogram(
            "kibaru_answer_seconds",
            "From the moment a question came in until all of its answer was sent.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._waiting = Gauge("kibaru_waiting", "Questions waiting or being answered.", registry=self.registry)
        self._in_hand = Gauge("kibaru_in_hand", "Updates of Telegram not dealt with yet.", registry=self.registry)
        self._healthy = Gauge("kibaru_healthy", "1 when questions can be answered, else 0.", registry=self.registry)
        self._built = Gauge("kibaru_index_built", "When the index was built, Unix time.", registry=self.registry)
        self._synced = Gauge("kibaru_synced", "When a source was last brought in, Unix time.", registry=self.registry)

    def record(self, what: str, seconds: float | None = None) -> None:
        """Count a question by what its reader was told; `seconds` from question to answer, if it was answered."""
        self._questions.labels(what).inc()
        if seconds is not None:
            self._seconds.observe(seconds)

    def count(self, *whats: str) -> int:
        """How many questions there were whose readers were told one of `whats`."""
        values = (self.registry.get_sample_value("kibaru_questions_total", {"told": what}) for what in whats)
        return int(sum(value or 0 for value in values))

    def record_problem(self, what: str, error: BaseException | None = None) -> None:
        """Log that something went wrong, and keep the line for /status."""
        log.error("%s", what, exc_info=error)
        self.error = f"{what} ({_now()[:16].replace('T', ' ')} UTC)"

    def observe(self, waiting: int, in_hand: int, healthy: bool, ages: Ages) -> None:
        """Set the gauges."""
        self._waiting.set(waiting)
        self._in_hand.set(in_hand)
        self._healthy.set(healthy)
        for gauge, at in ((self._built, ages.built), (self._synced, ages.synced)):
            if at:
                gauge.set(datetime.fromisoformat(at).timestamp())

    def serve(self, address: str) -> None:
        """Serve the counts over HTTP at `address`, host and port. Raises BadInput when it cannot be listened on."""
        with listening("KIBARU_BOT_METRICS", address) as (host, port):
            start_http_server(port, host, self.registry)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
