from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engines.folders import make_folder
from engines.punctuation_nets import make_mandarin
from engines.recordings import read
from runtime.talk import DEADLY, MANUAL, Talk, make_pool, noise
from saywire import messages as m
from saywire.config import Config, EngineConfig, ModelsConfig, RemoteConfig
from saywire.errors import ConfigError, EngineFailed, Overloaded, UnknownModel
from saywire.runtime.models import Store
from saywire.runtime.pool import Pool
from saywire.types import Options

ONE_TO_TEN = "one two three four five six seven eight nine ten"

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def run(test: Callable[[Pool], Awaitable[None]], **settings: object) -> None:
    async def inside() -> None:
        async with asyncio.timeout(60), make_pool(**settings) as pool:  # type: ignore[arg-type]
            await test(pool)

    asyncio.run(inside())


@pytest.mark.parametrize("start", [pytest.param("fork", marks=forks), "spawn"])
@pytest.mark.parametrize("model", ["fake", "single"])
def test_a_session_in_a_worker_process(start: str, model: str) -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool, Options(model=model, turns=MANUAL))
        talk.give(noise(1.0), m.Commit())
        await talk.finish()
        assert talk.texts == [ONE_TO_TEN]
        assert talk.session.ended
        assert pool.sessions == 0

    run(test, start=start)


def test_many_sessions_at_once_on_few_workers() -> None:
    async def test(pool: Pool) -> None:
        talks = [Talk(pool) for _ in range(20)]
        for talk in talks:
            talk.give(noise(1.0), m.Commit(), noise(0.3))
        await asyncio.gather(*(talk.finish() for talk in talks))
        assert {tuple(talk.texts) for talk in talks} == {(ONE_TO_TEN, "one two three")}

    run(test, workers=2)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a word of Unix")
@pytest.mark.parametrize("model", ["fake", "single"])
def test_a_killed_worker_is_replaced_and_nobody_notices(model: str) -> None:
    async def test(pool: Pool) -> None:
        whole, cut = (
            Talk(pool, Options(model=model, turns=MANUAL)),
            Talk(pool, Options(model=model, turns=MANUAL)),
        )
        for talk in (whole, cut):
            talk.give(noise(0.5), m.Commit(), noise(0.5))
            await talk.until(
                lambda e: isinstance(e, m.Partial) and e.utterance == 1 and e.hypothesis.stable > 12
            )
        whole.give(noise(0.5))
        await whole.finish()
        for pid in pool.processes:
            os.kill(pid, signal.SIGKILL)
        cut.give(noise(0.5))
        await cut.finish()
        assert ends(cut.events) == ends(whole.events)
        assert partials_grow(cut.events)

    run(test)


def ends(events: list[m.Event]) -> list[m.Event]:
    return [e for e in events if isinstance(e, m.Final | m.SpeechStarted | m.SpeechStopped | m.Finished)]


def partials_grow(events: list[m.Event]) -> bool:
    texts = [e.hypothesis.text for e in events if isinstance(e, m.Partial) and e.utterance == 1]
    return texts == sorted(texts, key=len)


def test_audio_that_kills_workers_fails_its_own_session_only() -> None:
    async def test(pool: Pool) -> None:
        victim = Talk(pool, Options(model=DEADLY.name, turns=MANUAL))
        victim.give(noise(0.5))
        failed = await victim.until_kind(m.Failed)
        assert isinstance(failed, m.Failed) and failed.error.fatal and "workers died" in str(failed.error)
        other = Talk(pool, Options(model=DEADLY.name, turns=MANUAL))
        other.give(noise(0.2), m.Commit())
        await other.finish()
        assert other.texts == ["one two"]

    run(test)


def test_speech_events_do_not_wait_for_a_step_of_two_seconds() -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool, Options(model="slow", turns=MANUAL))
        talk.give(noise(0.2))
        await talk.until_kind(m.SpeechStarted)
        talk.give(m.Commit(), noise(0.2), m.Commit())
        await talk.until(lambda e: isinstance(e, m.SpeechStopped) and e.utterance == 1)
        assert not talk.texts and not any(isinstance(e, m.Partial) for e in talk.events)
        talk.session.close()

    run(test)


def test_models_change_before_the_first_audio_only() -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool)
        talk.give(
            m.Configure(Options(model="single", turns=MANUAL)),
            m.Configure(Options(model="fake", turns=MANUAL)),
        )
        talk.give(noise(0.2), m.Configure(Options(model="single", turns=MANUAL)), m.Commit())
        await talk.finish()
        answers = [e for e in talk.events if isinstance(e, m.Configured | m.Failed)]
        assert [type(e) for e in answers] == [m.Configured, m.Configured, m.Failed] or "order differs"
        refusal = next(e for e in answers if isinstance(e, m.Failed))
        assert "only before the first audio" in str(refusal.error)
        assert talk.texts == ["one two"]

    run(test)


@pytest.mark.parametrize(
    ("model", "message"),
    [("fak", "did you mean 'fake'"), ("broken", "needs no_such_module"), ("nothing-like-it", "there are:")],
)
def test_a_model_that_is_not_here_is_an_answer_and_the_session_lives(model: str, message: str) -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool)
        talk.give(m.Configure(Options(model=model, turns=MANUAL)))
        failed = await talk.until_kind(m.Failed)
        assert isinstance(failed, m.Failed) and failed.utterance is None and message in str(failed.error)
        talk.give(noise(0.2), m.Commit())
        await talk.finish()
        assert talk.texts == ["one two"]

    run(test)


@pytest.mark.parametrize(
    "name",
    [
        "whisper-1",
        "gpt-4o-mini-transcribe-2025-12-15",
        "gpt-4o-realtime-preview",
        "gpt-realtime-2.1-mini",
        "gpt-4o-transcribe",
        "auto",
        "qwen3-asr-flash-realtime-2026-02-10",
        "paraformer-realtime-v2",
    ],
)
def test_names_of_the_clouds_mean_the_default(name: str) -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool, Options(model=name, turns=MANUAL))
        talk.give(noise(0.2), m.Commit())
        await talk.finish()
        assert talk.texts == ["one two"]

    run(test)


def test_a_full_host_refuses_and_those_inside_go_on() -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool)
        with pytest.raises(Overloaded, match="1 sessions are open"):
            Talk(pool)
        talk.give(noise(0.2), m.Commit())
        await talk.finish()
        assert talk.texts == ["one two"]

    run(test, max_sessions=1)


def test_a_session_too_far_behind_is_refused_more_audio_and_loses_none_it_had() -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool)
        talk.give(noise(2.0))
        with pytest.raises(Overloaded, match="the limit is 1 s"):
            talk.give(noise(0.1))
        talk.give(m.Commit())
        await talk.finish()
        assert len(talk.texts[0].split()) == 20

    run(test, max_backlog=1.0)


def test_other_rates_are_converted_at_the_door() -> None:
    async def test(pool: Pool) -> None:
        talk = Talk(pool)
        talk.session.receive(m.Audio(noise(1.5), 24_000))
        talk.give(m.Commit())
        events = await talk.finish()
        assert talk.texts == [ONE_TO_TEN]
        assert next(e for e in events if isinstance(e, m.Finished)).seconds == pytest.approx(1.0, abs=1e-3)

    run(test)


def test_a_default_model_that_cannot_run_fails_the_start() -> None:
    async def start() -> None:
        from_config = Config(engine=EngineConfig(model="sphink", start="auto"))
        async with Pool(from_config):
            pass

    with pytest.raises(Exception, match="did you mean 'sphinx'") as failed:
        asyncio.run(start())
    assert not isinstance(failed.value, EngineFailed)


def test_more_models_at_the_start_than_may_be_loaded_are_told() -> None:
    async def start() -> None:
        settings = EngineConfig(model="fake", preload=("tiny", "fake"), max_models=1, workers=1)
        async with asyncio.timeout(60), Pool(Config(engine=settings)):
            pass

    with pytest.raises(
        ConfigError, match=r"2 models .*\(fake, tiny\), but engine\.max_models is 1; raise it"
    ):
        asyncio.run(start())


def test_closing_a_session_frees_its_place() -> None:
    async def test(pool: Pool) -> None:
        talks = [Talk(pool) for _ in range(5)]
        for talk in talks:
            talk.give(noise(0.1))
            await talk.until_kind(m.SpeechStarted)
            talk.session.close()
            talk.session.close()
        assert pool.sessions == 0
        assert sum(model.sessions for model in pool.models()) == 0

    run(test)


def test_a_model_that_is_installed_while_it_runs_can_be_asked_for(tmp_path: Path) -> None:
    store = Store(tmp_path / "models")

    async def test() -> None:
        settings = EngineConfig(model="fake", workers=1)
        config = Config(engine=settings, models=ModelsConfig(folder=str(store.folder)))
        async with asyncio.timeout(60), Pool(config) as pool:
            before = Talk(pool, Options(model="mine", turns=MANUAL))
            before.give(noise(0.1))
            refused = await before.until_kind(m.Failed)
            assert isinstance(refused, m.Failed) and refused.error.code == "model_not_found"
            store.add(make_folder(tmp_path / "release"), "mine", ("zh", "en"), lambda _: None)
            talk = Talk(pool, Options(model="mine", turns=MANUAL))
            talk.give(read("three-one-eight"), m.Commit())
            await talk.finish()
            assert talk.texts == ["three one eight"]
            model = next(model for model in pool.models() if model.name == "mine")
            assert (model.languages, model.workers) == (("zh", "en"), 1)

    asyncio.run(test())


def test_a_model_that_is_removed_while_somebody_uses_it_stays_theirs(tmp_path: Path) -> None:
    store = Store(tmp_path / "models")
    store.add(make_folder(tmp_path / "release"), "mine", ("zh", "en"), lambda _: None)

    async def test() -> None:
        settings = EngineConfig(model="fake", workers=1)
        config = Config(engine=settings, models=ModelsConfig(folder=str(store.folder)))
        async with asyncio.timeout(60), Pool(config) as pool:
            options = Options(model="mine", turns=MANUAL)
            talk = Talk(pool, options)
            talk.give(read("three-one-eight"))
            await talk.until_kind(m.SpeechStarted)
            store.remove("mine")
            talk.give(m.Configure(replace(options, hotwords=("one",))), m.Commit())
            events = await talk.finish()
            assert any(isinstance(event, m.Configured) for event in events)
            assert talk.texts == ["three one eight"]

    asyncio.run(test())


def test_what_a_setting_needs_may_be_removed_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "models")
    store.add(make_mandarin(tmp_path / "release"), "marks", ("zh",), lambda _: None)
    finishes = ModelsConfig(folder=str(store.folder), punctuation=("tiny=marks",))
    config = Config(engine=EngineConfig(model="fake", workers=1), models=finishes)

    async def test() -> None:
        async with asyncio.timeout(60), Pool(config) as pool:
            store.remove("marks")
            talk = Talk(pool, Options(turns=MANUAL))
            talk.give(noise(0.2), m.Commit())
            await talk.finish()
            assert talk.texts == ["one two"]
            assert "tiny" in {model.name for model in pool.models()}
            other = Talk(pool, Options(model="tiny", turns=MANUAL))
            other.give(noise(0.2))
            failed = await other.until_kind(m.Failed)
            assert isinstance(failed, m.Failed) and "marks" in failed.error.message
        with pytest.raises(ConfigError, match=r"models\.punctuation names 'marks', which is not installed"):
            await Pool(config).start()

    asyncio.run(test())
    assert sum("new models are not seen" in record.message for record in caplog.records) == 1


def test_a_pool_that_has_stopped_says_so() -> None:
    async def inside() -> None:
        async with asyncio.timeout(60):
            pool = make_pool()
            async with pool:
                pass
            talk = Talk(pool)
            talk.give(noise(0.1))
            failed = await talk.until_kind(m.Failed)
            assert isinstance(failed, m.Failed) and failed.error.code == "overloaded" and failed.error.fatal
            assert pool.sessions == 0

    asyncio.run(inside())


def test_who_comes_while_a_pool_stops_is_told_so() -> None:
    async def inside() -> None:
        async with asyncio.timeout(60), make_pool() as pool:
            stopping = asyncio.create_task(pool.stop())
            await asyncio.sleep(0)  # it waits for its workers now
            talk = Talk(pool)
            talk.give(noise(0.1))
            assert [type(event) for event in talk.session.events_to_send()] == [m.Failed]
            assert talk.session.ended
            await stopping

    asyncio.run(inside())


def test_a_remote_may_have_the_name_that_clients_send() -> None:
    """Names of cloud services mean the server's own choice, unless it is told who that is."""
    whisper, unnamed = Options(model="whisper-1"), Options()
    assert Pool(Config()).same_model(whisper, unnamed)
    remote = RemoteConfig("whisper-1", "http://localhost/v1", "whisper-1")
    assert not Pool(Config(remote=(remote,))).same_model(whisper, unnamed)


def test_what_clients_may_ask_for_is_found_by_its_model_and_under_its_name() -> None:
    aliases = ("ours=tiny", "whisper-1=tiny", "tiny=sphinx", "lost=nowhere")
    pool = Pool(Config(engine=EngineConfig(model="fake", aliases=aliases)))
    found = pool.aliases()
    assert "lost" not in found and "fake" not in found
    assert found.items() >= {"ours": "tiny", "whisper-1": "tiny", "tiny": "sphinx", "auto": "fake"}.items()
    assert all(pool.find_model(name).name == model for name, model in found.items())
    assert pool.find_model("paraformer-realtime-v2").name == "fake"
    with pytest.raises(UnknownModel):
        pool.find_model("lost")
