import pickle

import pytest

from saywire.config import Config, FallbackConfig, RemoteConfig, TwoPassConfig
from saywire.engines import ENGINES, Entry, choose, find
from saywire.engines.configured import make_remote_entry, with_configured
from saywire.errors import ConfigError, EngineFailed, UnknownModel

REMOTE = RemoteConfig("cloud", "http://localhost/v1", "large", languages=("en", "xx"))


def test_a_remote_is_an_entry_that_loads_in_another_process() -> None:
    entry = find("cloud", with_configured(Config(remote=(REMOTE,)), ENGINES))
    engine = pickle.loads(pickle.dumps(entry)).load()
    assert (engine.info.name, engine.info.languages) == ("cloud", ("en", "xx"))
    engine.close()


def test_the_engines_of_the_house_come_first_and_all_once() -> None:
    installed = Entry("cloud", "online:load", (), "", ("en",), "installed under the same name", 10)
    entries = with_configured(Config(remote=(REMOTE,)), (*ENGINES, installed))
    assert entries == [*ENGINES, make_remote_entry(REMOTE)]
    assert with_configured(Config(), ENGINES) == [*ENGINES]


def test_audio_leaves_the_machine_only_when_the_name_is_asked_for() -> None:
    entries = with_configured(Config(remote=(REMOTE,)), ENGINES)
    assert choose("en", entries).entry.name != "cloud"
    with pytest.raises(UnknownModel):
        choose("xx", entries)


def test_a_name_that_is_taken_is_refused() -> None:
    tiny = RemoteConfig("tiny", "http://localhost/v1", "large")
    with pytest.raises(ConfigError, match=r"remote\.tiny has the name of an engine that ships with"):
        with_configured(Config(remote=(tiny,)), ENGINES)


LARGE = Entry("large", "fake:load", ("no_such_module",), "pip install saywire[large]", ("en",), "large", 10)
SMALL = Entry("small", "fake:load", (), "", ("en", "zh"), "small", 10, shares=True)
OTHER = Entry("other", "fake:load", (), "", ("fr",), "other", 10, shares=True)
MEETING = TwoPassConfig("meeting", "tiny", "tiny-offline")
SAFE = FallbackConfig("safe", ("cloud", "meeting", "tiny"))
HERE = (*ENGINES, LARGE, SMALL, OTHER)


def made(*joins: TwoPassConfig | FallbackConfig) -> list[Entry]:
    config = Config(
        remote=(REMOTE,),
        two_pass=tuple(join for join in joins if isinstance(join, TwoPassConfig)),
        fallback=tuple(join for join in joins if isinstance(join, FallbackConfig)),
    )
    return with_configured(config, HERE)


def test_models_are_made_of_others_and_of_models_made_so_in_another_process() -> None:
    entries = made(SAFE, MEETING)
    assert [entry.name for entry in entries[len(HERE) :]] == ["cloud", "meeting", "safe"]
    safe = find("safe", entries)
    assert [part.name for part in safe.parts] == ["cloud", "meeting", "tiny"]
    assert safe.languages == ("en",)
    assert safe.summary == "cloud; where it fails, meeting, then tiny"
    assert find("meeting", entries).summary == "partials by tiny, finals by tiny-offline"
    engine = pickle.loads(pickle.dumps(safe)).load()
    assert (engine.info.name, engine.info.languages) == ("safe", ("en",))
    engine.close()


def test_a_model_made_of_others_is_never_chosen_for_somebody() -> None:
    entries = made(FallbackConfig("double", ("other", "other")))
    with pytest.raises(UnknownModel):
        choose("fr", [entry for entry in entries if entry is not OTHER])


@pytest.mark.parametrize(
    ("join", "words"),
    [
        (
            TwoPassConfig("x", "tiny", "smal"),
            "two_pass.x cannot be used: no model 'smal'; did you mean 'small'",
        ),
        (
            FallbackConfig("x", ("tiny", "meetin")),
            "fallback.x cannot be used: no model 'meetin'; did you mean 'mee",
        ),
        (
            TwoPassConfig("x", "small", "other"),
            "one engine has en, zh and the other fr; they share no language",
        ),
    ],
)
def test_what_cannot_be_made_has_a_problem_and_the_rest_is_there(
    join: TwoPassConfig | FallbackConfig, words: str
) -> None:
    entries = made(join, MEETING)
    assert words in find("x", entries).problem
    assert find("meeting", entries).problem == ""
    with pytest.raises(EngineFailed) as caught:
        find("x", entries).load()
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("joins", "ring"),
    [
        ((TwoPassConfig("x", "tiny", "x"),), "'x' of 'x'"),
        ((FallbackConfig("x", ("tiny", "y")), TwoPassConfig("y", "x", "tiny")), "'y' of 'x' of 'y'"),
    ],
)
def test_a_model_cannot_be_made_of_itself(
    joins: tuple[TwoPassConfig | FallbackConfig, ...], ring: str
) -> None:
    with pytest.raises(ConfigError, match=f"made of itself; the configuration makes {ring}$"):
        made(*joins)


@pytest.mark.parametrize(
    ("join", "words"),
    [
        (TwoPassConfig("tiny", "a", "b"), r"two_pass\.tiny has the name of an engine that ships with"),
        (FallbackConfig("cloud", ("a", "b")), r"remote\.cloud and fallback\.cloud have one name"),
    ],
)
def test_a_name_of_somebody_else_is_refused(join: TwoPassConfig | FallbackConfig, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        made(join)


def test_two_passes_need_both_and_a_fallback_needs_one() -> None:
    entries = made(
        TwoPassConfig("both", "small", "large"),
        FallbackConfig("either", ("large", "small")),
        FallbackConfig("neither", ("large", "large")),
    )
    obstacles = [find(name, entries).obstacle for name in ("both", "either", "neither")]
    assert [bool(obstacle) for obstacle in obstacles] == [True, False, True]
    assert "engine 'large' needs no_such_module" in obstacles[0]


def test_workers_share_the_memory_of_a_model_whose_parts_all_may() -> None:
    entries = made(FallbackConfig("shared", ("small", "small")), TwoPassConfig("mixed", "small", "tiny"))
    assert [find(name, entries).shares for name in ("shared", "mixed")] == [True, False]
