"""What is counted of sessions, and how Prometheus reads it."""

from __future__ import annotations

from dataclasses import replace

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

from saywire import __version__
from saywire import messages as m
from saywire.errors import BadRequest, EngineFailed
from saywire.server.metrics import Metrics, SessionMeter
from saywire.types import RATE, Hypothesis
from server.audio import quiet, wav
from server.doubles import ScriptedHost, in_loop, serving, settings, talkative

WIRE = "/v1/realtime"
TENTH = np.zeros(RATE // 10, np.float32)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(ScriptedHost())


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"saywire_{name}", labels)


def speak(meter: SessionMeter, seconds: float, until: float) -> None:
    """In real time, the last piece at ``until``."""
    pieces = round(seconds * 10)
    for number in range(pieces):
        meter.hear(m.Audio(TENTH), until - (pieces - 1 - number) / 10)


def test_sessions_are_counted_while_they_are_open_and_for_ever(metrics: Metrics) -> None:
    one, other = metrics.watch(WIRE), metrics.watch(WIRE)
    one.start()
    other.start()
    one.end()
    assert value(metrics, "sessions_open", wire=WIRE) == 1
    assert value(metrics, "sessions_total", wire=WIRE) == 2
    metrics.watch(WIRE).refuse("invalid_api_key")
    assert value(metrics, "sessions_refused_total", wire=WIRE, code="invalid_api_key") == 1


def test_an_utterance_that_silence_ends(metrics: Metrics) -> None:
    meter, of = metrics.watch(WIRE), {"wire": WIRE, "model": "tiny"}
    speak(meter, 2.0, until=102.0)
    meter.note(m.SpeechStarted(0, 0.5), "tiny", 102.0)  # the piece that ends there came at 100.5
    meter.note(m.Partial(0, Hypothesis("")), "tiny", 102.0)
    meter.note(m.Partial(0, Hypothesis("hello")), "tiny", 102.1)
    meter.note(m.Partial(0, Hypothesis("hello you")), "tiny", 105.0)
    meter.note(m.SpeechStopped(0, 1.9, m.Cause.SILENCE), "tiny", 102.2)
    meter.note(m.Final(0, "hello you", 0.6, 1.4), "tiny", 102.4)
    assert value(metrics, "first_partial_seconds_count", **of) == 1
    assert value(metrics, "first_partial_seconds_sum", **of) == pytest.approx(1.6)
    assert value(metrics, "final_latency_seconds_sum", **of) == pytest.approx(1.0)
    assert value(metrics, "final_after_stop_seconds_count", **of) is None
    assert value(metrics, "utterances_total", **of, end="final") == 1
    assert value(metrics, "audio_seconds_total", wire=WIRE, model="auto") == pytest.approx(2.0)


def test_utterances_that_the_client_ends(metrics: Metrics) -> None:
    meter, of = metrics.watch(WIRE), {"wire": WIRE, "model": "auto"}
    speak(meter, 1.0, until=10.0)
    for at in (10.0, 11.0):
        meter.hear(m.Commit(), at)
    meter.note(m.SpeechStopped(0, 0.5, m.Cause.COMMIT), None, 11.0)
    meter.note(m.SpeechStopped(1, 1.0, m.Cause.COMMIT), None, 11.0)
    meter.note(m.Final(0, "one", 0.1, 0.4), None, 10.5)
    meter.note(m.Final(1, "", 0.6, 0.9), None, 11.25)
    meter.note(m.SpeechStarted(2, 1.0), None, 12.0)
    meter.hear(m.Finish(), 20.0)
    meter.note(m.SpeechStopped(2, 1.0, m.Cause.FINISH), None, 20.0)
    meter.note(m.Final(2, "three", 1.0, 1.0), None, 20.25)
    assert value(metrics, "final_after_stop_seconds_count", **of) == 3
    assert value(metrics, "final_after_stop_seconds_sum", **of) == pytest.approx(0.5 + 0.25 + 0.25)
    assert value(metrics, "final_latency_seconds_count", **of) is None


def test_utterances_that_come_to_nothing(metrics: Metrics) -> None:
    meter, of = metrics.watch(WIRE), {"wire": WIRE, "model": "auto"}
    meter.note(m.SpeechStarted(0, 0.0), None, 1.0)
    meter.note(m.Cleared(0), None, 1.0)
    meter.note(m.Cleared(None), None, 1.0)
    meter.note(m.Failed(1, EngineFailed("no")), None, 1.0)
    meter.note(m.Partial(1, Hypothesis("late")), None, 1.0)
    assert value(metrics, "utterances_total", **of, end="cleared") == 1
    assert value(metrics, "utterances_total", **of, end="failed") == 1


def test_an_error_counts_once_however_often_it_comes_by(metrics: Metrics) -> None:
    meter, error = metrics.watch(WIRE), EngineFailed("no")
    meter.note(m.Failed(0, error), None, 1.0)
    meter.fail(error)
    meter.fail(BadRequest("what?"))
    assert value(metrics, "errors_total", wire=WIRE, code="engine_failed") == 1
    assert value(metrics, "errors_total", wire=WIRE, code="invalid_request") == 1


def test_a_model_that_was_only_asked_for_is_no_label(metrics: Metrics) -> None:
    meter = metrics.watch("/v1/audio/transcriptions")
    meter.note(m.Failed(None, BadRequest("there is no model 'x'")), "x", 1.0)
    assert b'model="x"' not in metrics.render("")[0]
    meter.note(m.Finished(3.5), "tiny", 1.0)
    assert value(metrics, "audio_seconds_total", wire="/v1/audio/transcriptions", model="tiny") == 3.5


def test_latencies_of_files_are_none(metrics: Metrics) -> None:
    meter = metrics.watch("/v1/audio/transcriptions")
    meter.note(m.SpeechStarted(0, 0.5), "tiny", 1.0)
    meter.note(m.Partial(0, Hypothesis("hello")), "tiny", 1.0)
    meter.note(m.SpeechStopped(0, 1.9, m.Cause.SILENCE), "tiny", 1.0)
    meter.note(m.Final(0, "hello", 0.6, 1.4), "tiny", 1.0)
    meter.note(m.SpeechStopped(1, 2.5, m.Cause.FINISH), "tiny", 1.0)
    meter.note(m.Final(1, "you", 2.0, 2.4), "tiny", 1.0)
    assert b"saywire_final_latency_seconds_count{" not in metrics.render("")[0]
    assert b"saywire_first_partial_seconds_count{" not in metrics.render("")[0]
    assert b"saywire_final_after_stop_seconds_count{" not in metrics.render("")[0]


def test_what_silence_settles_is_forgotten(metrics: Metrics) -> None:
    meter = metrics.watch(WIRE)
    speak(meter, 10.0, until=10.0)
    meter.note(m.Settled(9 * RATE, 0, 0), None, 10.0)
    meter.note(m.SpeechStarted(0, 1.0), None, 10.0)
    meter.note(m.Partial(0, Hypothesis("hello")), None, 10.0)
    assert b"saywire_first_partial_seconds_count{" not in metrics.render("")[0]


def test_engines_are_asked_when_somebody_reads() -> None:
    host = ScriptedHost()
    metrics = Metrics(host)
    loaded, never = host.offered
    host.offered = (replace(loaded, workers=2, sessions=3, memory=5_000_000, restarts=4), never)
    families = {
        family.name: family for family in text_string_to_metric_families(metrics.render("")[0].decode())
    }
    expected = {"model_workers": 2, "model_sessions": 3, "model_memory_bytes": 5e6, "worker_restarts": 4}
    for name, number in expected.items():
        (sample,) = families[f"saywire_{name}"].samples
        assert (sample.labels, sample.value) == ({"model": "scripted"}, number)


@in_loop
async def test_prometheus_reads_them_over_http():
    async with serving(ScriptedHost(talkative)) as at, httpx.AsyncClient(base_url=at.http) as client:
        async with connect(at.ws) as ws:
            await ws.send(TENTH.tobytes())
            await ws.send("nonsense")
            await ws.send("finish")
            said = [frame async for frame in ws]
        assert "final 0 said 0" in said
        form = {"data": {"model": "scripted"}, "files": {"file": ("a.wav", wav(quiet(1.0)))}}
        await client.post("/v1/audio/transcriptions", **form)
        await client.post("/openai/deployments/any/audio/transcriptions", files=form["files"])
        await client.post("/v1/audio/transcriptions", data={"model": "x"})
        answer = await client.get("/metrics")
        openmetrics = await client.get(
            "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"}
        )
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    file = "/v1/audio/transcriptions"
    assert samples["saywire_build_info", __version__] == 1
    assert samples["saywire_sessions_open", "/plain"] == 0
    assert samples["saywire_sessions_total", file] == 2
    assert samples["saywire_utterances_total", "/plain", "auto", "final"] == 1
    assert samples["saywire_audio_seconds_total", "/plain", "auto"] == pytest.approx(0.1)
    assert samples["saywire_audio_seconds_total", file, "scripted"] == pytest.approx(1.0)
    assert samples["saywire_errors_total", "/plain", "invalid_request"] == 1
    assert samples["saywire_errors_total", file, "invalid_request"] == 1
    assert samples["saywire_sessions_total", "/openai/deployments/{deployment}/audio/transcriptions"] == 1


@in_loop
async def test_metrics_want_a_key_like_the_rest_unless_they_are_opened():
    for opened, status in ((False, 401), (True, 200)):
        config = settings(api_keys=("sk-1",), open_metrics=opened)
        async with serving(ScriptedHost(), config) as at, httpx.AsyncClient(base_url=at.http) as client:
            assert (await client.get("/metrics")).status_code == status
            assert (await client.get("/v1/models")).status_code == 401
            keyed = await client.get("/metrics", headers={"authorization": "Bearer sk-1"})
            assert keyed.status_code == 200
    async with (
        serving(ScriptedHost(), settings(api_keys=("sk-1",))) as at,
        connect(at.ws) as ws,
        httpx.AsyncClient(base_url=at.http) as client,
    ):
        await ws.wait_closed()
        text = (await client.get("/metrics", headers={"authorization": "Bearer sk-1"})).text
    assert 'saywire_sessions_refused_total{code="not_allowed",wire="/plain"} 1.0' in text
