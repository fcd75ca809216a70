"""What Prometheus may read at ``/metrics``. Observes commands, events and errors as they go by the log.

Latencies are those of sessions over websockets, where audio comes as it is spoken, by the clock of this
process: from when audio had arrived, to when what was made of it goes out. Models are counted by the names
that were accepted, never by those that were only asked for, so labels stay few. Source of the names:
prometheus.io/docs/practices/naming, 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from .. import __version__
from ..errors import SaywireError
from ..messages import (
    Audio,
    Cause,
    Cleared,
    Command,
    Commit,
    Event,
    Failed,
    Final,
    Finish,
    Finished,
    Partial,
    Settled,
    SpeechStarted,
    SpeechStopped,
)
from ..runtime.base import Host
from .shares import Shares
from .timeline import Timeline

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Seconds; people notice some tenths."""
UNNAMED = "auto"
"""The model of a session that named none."""


class Metrics:
    """Of one server."""

    def __init__(self, host: Host) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self.registry.register(_Engines(host))
        by_wire, by_model = ("wire",), ("wire", "model")
        self._info = Gauge("saywire_build_info", "The version.", ("version",), registry=self.registry)
        self._info.labels(__version__).set(1)
        self.open = self._gauge("sessions_open", "Sessions that are open.", by_wire)
        self.begun = self._count("sessions", "Sessions that began.", by_wire)
        self.refused = self._count("sessions_refused", "Who was not let in, and why.", ("wire", "code"))
        self.errors = self._count("errors", "Errors that clients were told.", ("wire", "code"))
        self.audio = self._count("audio_seconds", "Audio that came in.", by_model)
        self.utterances = self._count("utterances", "Utterances by how they ended.", (*by_model, "end"))
        self.first_partial = self._latency(
            "first_partial_seconds",
            "From the arrival of an utterance's first audio, padding included, to its first text.",
        )
        self.final = self._latency(
            "final_latency_seconds",
            "From the arrival of the end of speech to the final of an utterance that silence ended; "
            "turns.silence is part of it.",
        )
        self.final_after_stop = self._latency(
            "final_after_stop_seconds", "From the client's commit or finish to the final."
        )

    def watch_shares(self, shares: Shares) -> None:
        open_shares = Gauge(
            "saywire_shares_open", "Speakers that others may read along.", registry=self.registry
        )
        open_shares.set_function(lambda: len(shares))
        viewers = Gauge("saywire_viewers", "Who reads along.", registry=self.registry)
        viewers.set_function(lambda: shares.watching)

    def watch(self, wire: str) -> SessionMeter:
        """For one session, or one refusal, at a path."""
        return SessionMeter(self, wire)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The text and its media type, as ``Accept`` has it."""
        encode, kind = choose_encoder(accept)
        return encode(self.registry), kind

    def _gauge(self, name: str, what: str, labels: Iterable[str]) -> Gauge:
        return Gauge(f"saywire_{name}", what, labels, registry=self.registry)

    def _count(self, name: str, what: str, labels: Iterable[str]) -> Counter:
        return Counter(f"saywire_{name}", what, labels, registry=self.registry)

    def _latency(self, name: str, what: str) -> Histogram:
        labels = ("wire", "model")
        return Histogram(f"saywire_{name}", what, labels, buckets=BUCKETS, registry=self.registry)


@dataclass(slots=True)
class _Utterance:
    """One that is not final yet."""

    at: float
    """Where its audio begins."""
    shown: bool = False
    """Whether there was text."""
    cause: Cause | None = None
    stopped: float = 0.0
    """When the client said that it ends."""


class SessionMeter:
    """``logs.Meter``."""

    def __init__(self, metrics: Metrics, wire: str) -> None:
        self._metrics = metrics
        self._wire = wire
        self._model = UNNAMED
        self._timeline = Timeline()
        self._stops: list[float] = []
        """When Commits came that no utterance has ended with yet."""
        self._finished = 0.0
        self._utterances: dict[int, _Utterance] = {}
        self._told: SaywireError | None = None

    def start(self) -> None:
        self._metrics.begun.labels(self._wire).inc()
        self._metrics.open.labels(self._wire).inc()

    def end(self) -> None:
        self._metrics.open.labels(self._wire).dec()

    def refuse(self, code: str) -> None:
        self._metrics.refused.labels(self._wire, code).inc()

    def fail(self, error: SaywireError) -> None:
        """One error may come by as an event and, raised, again."""
        if error is not self._told:
            self._told = error
            self._metrics.errors.labels(self._wire, error.code).inc()

    def hear(self, command: Command, now: float) -> None:
        match command:
            case Audio(samples, rate):
                seconds = len(samples) / rate
                self._timeline.add(seconds, now)
                self._metrics.audio.labels(self._wire, self._model).inc(seconds)
            case Commit():
                self._stops.append(now)
            case Finish():
                self._finished = now

    def note(self, event: Event, model: str | None, now: float) -> None:
        """``model`` is what the session asked for; whoever says something has been given it."""
        if isinstance(event, Failed):
            self.fail(event.error)
        else:
            self._model = model or UNNAMED
        match event:
            case SpeechStarted(utterance, at):
                self._utterances[utterance] = _Utterance(at)
            case SpeechStopped(utterance, at, cause):
                self._stop(self._utterances.setdefault(utterance, _Utterance(at)), cause)
            case Partial(utterance, hypothesis) if hypothesis.text:
                self._show(utterance, now)
            case Final():
                self._finish(event, now)
            case Failed(int(utterance), _) | Cleared(int(utterance)):
                self._count(utterance, "failed" if isinstance(event, Failed) else "cleared")
            case Settled(position=position):
                self._timeline.forget(position)
            case Finished(seconds) if not self._timeline:  # a file: nobody told us of its audio
                self._metrics.audio.labels(self._wire, self._model).inc(seconds)

    def _stop(self, utterance: _Utterance, cause: Cause) -> None:
        utterance.cause = cause
        if cause is Cause.COMMIT and self._stops:
            utterance.stopped = self._stops.pop(0)
        elif cause is Cause.FINISH:
            utterance.stopped = self._finished

    def _show(self, number: int, now: float) -> None:
        utterance = self._utterances.get(number)
        if utterance and not utterance.shown:
            utterance.shown = True
            self._observe(self._metrics.first_partial, self._timeline.find(utterance.at), now)

    def _finish(self, final: Final, now: float) -> None:
        utterance = self._count(final.utterance, "final")
        if utterance and utterance.stopped:
            self._observe(self._metrics.final_after_stop, utterance.stopped, now)
        elif utterance and utterance.cause is Cause.SILENCE and final.text:
            self._observe(self._metrics.final, self._timeline.find(final.end), now)

    def _count(self, number: int, end: str) -> _Utterance | None:
        self._metrics.utterances.labels(self._wire, self._model, end).inc()
        return self._utterances.pop(number, None)

    def _observe(self, histogram: Histogram, since: float | None, now: float) -> None:
        if since is not None:
            histogram.labels(self._wire, self._model).observe(now - since)


class _Engines(Collector):
    """What the host says of its models when it is asked."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def collect(self) -> Iterator[Metric]:
        models = [model for model in self._host.models() if model.info]
        restarts = CounterMetricFamily(
            "saywire_worker_restarts", "Workers that died and were replaced.", labels=("model",)
        )
        workers = self._gauge("workers", "Worker processes of a loaded model.")
        sessions = self._gauge("sessions", "Sessions that workers of a model hold.")
        memory = self._gauge("memory_bytes", "What its workers take, shared pages counted in proportion.")
        for model in models:
            restarts.add_metric((model.name,), model.restarts)
            workers.add_metric((model.name,), model.workers)
            sessions.add_metric((model.name,), model.sessions)
            if model.memory is not None:
                memory.add_metric((model.name,), model.memory)
        yield from (restarts, workers, sessions, memory)

    def _gauge(self, name: str, what: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"saywire_model_{name}", what, labels=("model",))

    def describe(self) -> Iterator[Metric]:
        """Nothing, so that registering asks the host nothing."""
        return iter(())
