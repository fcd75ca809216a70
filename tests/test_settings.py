"""The loader of the configuration: precedence, unknown names, types, secrets."""

from __future__ import annotations

import itertools
import os
from dataclasses import MISSING, fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saywire.config import RANGES, Config, FallbackConfig, ModelConfig, RemoteConfig, TwoPassConfig
from saywire.errors import ConfigError
from saywire.settings import FIELDS, NAMED, NAMED_FIELDS, Loaded, load

NUMBERS = sorted(name for name, hint in FIELDS.items() if hint in (int, float))


def variable(name: str) -> str:
    return "SAYWIRE_" + name.replace(".", "_").upper()


def toml(directory: Path, text: str) -> Path:
    file = directory / "some.toml"
    file.write_text(text, "utf-8")
    return file


def value(loaded: Loaded, name: str) -> object:
    section, _, field = name.rpartition(".")
    holder = loaded.config.remote[0] if section == "remote.x" else getattr(loaded.config, section)
    return getattr(holder, field)


def refusal(path: Path | None, environment: dict[str, str], flags: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, environment, flags)
    return caught.value.message


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_any_source_everything_is_the_default() -> None:
    loaded = load(None, {}, {})
    assert loaded.config == Config()
    assert set(loaded.sources.values()) == {"default"}
    assert set(loaded.sources) == set(FIELDS)


@pytest.mark.parametrize("kinds", [k for n in range(4) for k in itertools.combinations("fev", n)])
def test_flags_beat_the_environment_and_the_environment_beats_the_file(
    tmp_path: Path, kinds: tuple[str, ...]
) -> None:
    file = toml(tmp_path, "[server]\nport = 1001\n") if "f" in kinds else None
    environment = {"SAYWIRE_SERVER_PORT": "1002"} if "e" in kinds else {}
    flags: dict[str, object] = {"server.port": 1003} if "v" in kinds else {}
    loaded = load(file, environment, flags)
    expected = {
        "f": (1001, f"file {file}:server.port"),
        "e": (1002, "environment SAYWIRE_SERVER_PORT"),
        "v": (1003, "flag"),
    }
    port, source = expected[kinds[-1]] if kinds else (8000, "default")
    assert (loaded.config.server.port, loaded.sources["server.port"]) == (port, source)


def test_each_value_is_merged_by_itself(tmp_path: Path) -> None:
    file = toml(tmp_path, '[server]\nport = 1\nhost = "::1"\n[turns]\nsilence = 1\n')
    config = load(file, {"SAYWIRE_SERVER_PORT": "2"}, {"turns.padding": "0.2"}).config
    assert config.server.port == 2
    assert config.server.host == "::1"
    assert config.turns == replace(Config().turns, silence=1.0, padding=0.2)
    assert isinstance(config.turns.silence, float)


@given(st.sampled_from(NUMBERS), st.floats(allow_nan=True, allow_infinity=True) | st.integers())
def test_a_number_is_taken_exactly_when_it_is_in_its_range(name: str, number: float) -> None:
    limits = RANGES[name]
    above = number >= limits.ge if limits.ge is not None else number > (limits.gt or 0)
    below = number <= limits.le if limits.le is not None else number < (limits.lt or 0)
    fits = above and below and (FIELDS[name] is float or number == int(number))
    if fits:
        loaded = load(None, {variable(name): repr(number)}, {})
        assert value(loaded, name) == number
    else:
        message = refusal(None, {variable(name): repr(number)}, {})
        assert name in message and variable(name) in message and "expected a" in message


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_limits_and_its_default_is_within(name: str) -> None:
    default = value(load(None, {}, {}), name)
    assert value(load(None, {}, {name: default}), name) == default


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ("a",)),
        ("a, b ,c", ("a", "b", "c")),
        ("", ()),
        (" , ", ()),
        ('["a", "b"]', ("a", "b")),
        ("[]", ()),
    ],
)
def test_lists_from_text_have_commas_or_are_as_in_a_file(text: str, expected: tuple[str, ...]) -> None:
    assert load(None, {"SAYWIRE_ENGINE_PRELOAD": text}, {}).config.engine.preload == expected
    assert load(None, {}, {"engine.preload": text}).config.engine.preload == expected


@pytest.mark.parametrize("text", ['["a", "b"', "[a]", "[1]"])
def test_an_array_that_is_none_is_no_name(text: str) -> None:
    with pytest.raises(ConfigError, match="expected a list of texts"):
        load(None, {}, {"engine.preload": text})


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("false", False), ("1", True), ("0", False)])
def test_truth_from_text(text: str, expected: bool) -> None:
    assert load(None, {"SAYWIRE_TURNS_VOICE": text}, {}).config.turns.voice is expected


def test_empty_text_means_none_where_none_is_allowed() -> None:
    assert (
        load(None, {"SAYWIRE_ENGINE_LANGUAGE": ""}, {"engine.model": "tiny"}).config.engine.language is None
    )
    assert "engine.model" in refusal(None, {"SAYWIRE_ENGINE_MODEL": ""}, {})


@pytest.mark.parametrize(
    ("text", "culprit", "nearest"),
    [
        ("[sever]\nport = 1\n", "'sever'", "'server'"),
        ("[server]\nprot = 1\n", "'server.prot'", "'server.port'"),
        ("[engine]\nworker = 1\n", "'engine.worker'", "'engine.workers'"),
        ("[turns]\nsilense = 1\n", "'turns.silense'", "'turns.silence'"),
    ],
)
def test_an_unknown_name_in_a_file_names_the_nearest(
    tmp_path: Path, text: str, culprit: str, nearest: str
) -> None:
    file = toml(tmp_path, text)
    message = refusal(file, {}, {})
    assert culprit in message and f"did you mean {nearest}?" in message and str(file) in message


def test_an_unknown_name_in_the_environment_or_a_flag_names_the_nearest() -> None:
    message = refusal(None, {"SAYWIRE_SERVER_PROT": "1"}, {})
    assert "'SAYWIRE_SERVER_PROT'" in message and "did you mean 'SAYWIRE_SERVER_PORT'?" in message
    assert "did you mean 'SAYWIRE_CONFIG'?" in refusal(None, {"SAYWIRE_CONFIGG": "x"}, {})
    assert "did you mean 'server.port'?" in refusal(None, {}, {"server.prt": "1"})
    assert "there are: engine.aliases, engine.language" in refusal(None, {}, {"zzz": "1"})


def test_other_programs_variables_are_left_alone() -> None:
    others = {"PATH": "x", "SAY": "y", "SAYWIRE_URL": "http://x", "SAYWIRE_API_KEY": "k"}
    assert load(None, others, {}).config == Config()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[server]\nport = "80"\n', ("server.port is '80'", "expected a whole number from 0 to 65535")),
        ("[server]\nport = 80.5\n", ("server.port is 80.5",)),
        ("[server]\nport = true\n", ("server.port is True",)),
        ("[server]\nport = 70000\n", ("server.port is 70000", "from 0 to 65535")),
        ("[turns]\nthreshold = 1.0\n", ("turns.threshold is 1.0", "between 0 and 1, both excluded")),
        ("[turns]\nlongest = inf\n", ("turns.longest is inf",)),
        ("[turns]\nlongest = nan\n", ("turns.longest is nan",)),
        ("[turns]\nvoice = 1\n", ("turns.voice is 1", "expected true or false")),
        ('[engine]\nstart = "frok"\n', ("engine.start is 'frok'", "one of auto, fork, spawn")),
        ('[engine]\npreload = "tiny"\n', ("engine.preload is 'tiny'", "expected a list of texts")),
        ("[engine]\npreload = [1]\n", ("engine.preload is [1]",)),
        ("server = 1\n", ("server is not a table", "write [server]")),
        ("port = 9000\n", ("unknown setting 'port'", "did you mean 'server.port'?")),
        ("[server\n", ("is not TOML",)),
    ],
)
def test_a_wrong_value_in_a_file_says_what_was_expected(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    file = toml(tmp_path, text)
    message = refusal(file, {}, {})
    assert all(word in message for word in (*words, str(file)))


def test_a_wrong_value_is_refused_even_where_a_later_source_replaces_it(tmp_path: Path) -> None:
    file = toml(tmp_path, "[server]\nport = -1\n")
    assert "server.port is -1" in refusal(file, {"SAYWIRE_SERVER_PORT": "80"}, {"server.port": 81})


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "nowhere.toml" in refusal(tmp_path / "nowhere.toml", {}, {})
    assert "nowhere.toml" in refusal(None, {"SAYWIRE_CONFIG": "nowhere.toml"}, {})


def test_the_file_is_looked_for_where_it_is_usually(tmp_path: Path) -> None:
    home = tmp_path / "home"
    usual = home / ".config" / "saywire" / "config.toml"
    other = tmp_path / "xdg" / "saywire" / "config.toml"
    for port, file in enumerate((usual, other), 1):
        file.parent.mkdir(parents=True)
        file.write_text(f"[server]\nport = {port}\n")
    environment = {"HOME": str(home)}
    assert load(None, environment, {}).config.server.port == 1
    assert load(None, environment | {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}, {}).config.server.port == 2
    Path("saywire.toml").write_text("[server]\nport = 3\n")
    assert load(None, environment, {}).config.server.port == 3
    named = toml(tmp_path, "[server]\nport = 4\n")
    assert load(None, environment | {"SAYWIRE_CONFIG": os.fspath(named)}, {}).config.server.port == 4
    named.write_text("[server]\nport = 5\n")
    assert load(named, environment | {"SAYWIRE_CONFIG": "nowhere"}, {}).config.server.port == 5


def test_keys_are_never_shown(tmp_path: Path) -> None:
    loaded = load(None, {"SAYWIRE_SERVER_API_KEYS": "sk-secret,sk-other"}, {})
    assert loaded.config.server.api_keys == ("sk-secret", "sk-other")
    shown = {setting.name: setting for setting in loaded.settings}
    assert shown["server.api_keys"].value == "(hidden)"
    assert "sk-" not in f"{loaded} {loaded.settings}"
    file = toml(tmp_path, '[server]\napi_keys = "sk-secret"\n')
    with pytest.raises(ConfigError) as caught:
        load(file, {}, {})
    assert "sk-secret" not in f"{caught.value}"


def test_settings_tell_every_value_as_a_person_reads_it() -> None:
    shown = {s.name: (s.value, s.source) for s in load(None, {}, {"engine.preload": "tiny,sphinx"}).settings}
    assert shown["server.port"] == ("8000", "default")
    assert shown["engine.preload"] == ("tiny, sphinx", "flag")
    assert shown["engine.language"] == ("none", "default")
    assert shown["server.api_keys"] == ("none", "default")


CLOUD = '[remote.cloud]\nurl = "https://api.example/v1"\nmodel = "large"\n'


def test_remote_engines_have_a_table_each(tmp_path: Path) -> None:
    other = (
        '[remote."my.gpu-1"]\nurl = "http://gpu:8000/v1"\nmodel = "x"\ndialect = "vllm"\nlanguages = ["en"]\n'
    )
    loaded = load(toml(tmp_path, CLOUD + "timeout = 5\n" + other), {}, {})
    assert loaded.config.remote == (
        RemoteConfig("cloud", "https://api.example/v1", "large", timeout=5.0),
        RemoteConfig("my.gpu-1", "http://gpu:8000/v1", "x", "vllm", languages=("en",)),
    )
    shown = {setting.name: (setting.value, setting.source) for setting in loaded.settings}
    assert shown["remote.my.gpu-1.dialect"] == (
        "'vllm'",
        f"file {tmp_path}/some.toml:remote.my.gpu-1.dialect",
    )
    assert shown["remote.cloud.retries"] == ("2", "default")


def test_remote_engines_from_the_environment_and_flags(tmp_path: Path) -> None:
    environment = {
        "SAYWIRE_REMOTE_CLOUD_API_KEY_ENV": "CLOUD_KEY",
        "SAYWIRE_REMOTE_MY_GPU_URL": "http://gpu",
        "SAYWIRE_REMOTE_MY_GPU_MODEL": "x",
    }
    config = load(toml(tmp_path, CLOUD), environment, {"remote.cloud.partials": "2"}).config
    assert config.remote == (
        RemoteConfig("cloud", "https://api.example/v1", "large", api_key_env="CLOUD_KEY", partials=2.0),
        RemoteConfig("my_gpu", "http://gpu", "x"),
    )
    assert "did you mean" in refusal(None, {"SAYWIRE_REMOTES_X_URL": "http://x"}, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[remote]\nurl = 1\n", ("remote.url is not a table", "write [remote.NAME]")),
        ('[remote.x]\nmodel = "m"\n', ("remote.x has no url",)),
        ('[remote.x]\nurl = "http://x"\n', ("remote.x has no model",)),
        ('[remote.x]\nmodle = "m"\n', ("'remote.x.modle'", "did you mean 'remote.x.model'?")),
        ('[remote.x]\ndialect = "vlm"\n', ("remote.x.dialect is 'vlm'", "one of openai, ")),
        ("[remote.x]\ntimeout = 0\n", ("remote.x.timeout is 0", "a number from 0.1 to 600")),
        ("[remote.x]\npartials = nan\n", ("remote.x.partials is nan",)),
        ('[remote."a b"]\nurl = "http://x"\n', ("cannot be called 'a b'", "use letters")),
        ('[remote.auto]\nurl = "http://x"\n', ("cannot be called 'auto'",)),
    ],
)
def test_a_wrong_remote_says_what_was_expected(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    message = refusal(toml(tmp_path, text), {}, {})
    assert all(word in message for word in words)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://user:sk-secret@api.example/v1"),
        ("url", "sk-secret"),
        ("url", "https://api.example?key=sk-secret"),
        ("api_key_env", "sk-secret"),
    ],
)
def test_keys_in_the_wrong_place_are_refused_and_not_shown(field: str, value: str) -> None:
    message = refusal(None, {}, {f"remote.x.{field}": value})
    assert f"remote.x.{field} is not right (flag); expected " in message and "sk-secret" not in message


@pytest.mark.parametrize(
    "name", sorted(n for n, hint in NAMED_FIELDS["remote"].items() if hint in (int, float))
)
def test_every_number_of_a_remote_has_limits_and_its_default_is_within(name: str) -> None:
    given = {"remote.x.url": "http://x", "remote.x.model": "m"}
    default = value(load(None, {}, given), "remote.x." + name)
    assert value(load(None, {}, given | {f"remote.x.{name}": default}), "remote.x." + name) == default
    assert f"remote.x.{name} is inf" in refusal(None, {}, given | {f"remote.x.{name}": float("inf")})


MADE = """
[two_pass.meeting]
partials = "tiny"
finals = "sphinx"
[fallback."always.on"]
models = ["cloud", "meeting", "tiny"]
"""


@pytest.mark.parametrize(
    "name", sorted(n for n, hint in NAMED_FIELDS["model"].items() if hint in (int, float))
)
def test_every_number_of_a_model_has_limits_and_its_default_is_within(name: str) -> None:
    default = getattr(ModelConfig("x"), name)
    assert getattr(load(None, {}, {f"model.x.{name}": default}).config.model[0], name) == default
    assert f"model.x.{name} is inf" in refusal(None, {}, {f"model.x.{name}": float("inf")})


def test_models_are_run_as_their_tables_say(tmp_path: Path) -> None:
    text = '[model."para.zh-1"]\nmode = "sliced"\nchunk_size = [5, 10, 5]\n'
    flags = {"model.other.chunk_size": "0, 8,4", "model.other.threads": "2"}
    loaded = load(toml(tmp_path, text), {"SAYWIRE_MODEL_THIRD_ENCODER_CHUNK_LOOK_BACK": "-1"}, flags)
    assert loaded.config.model == (
        ModelConfig("para.zh-1", "sliced", (5, 10, 5)),
        ModelConfig("third", encoder_chunk_look_back=-1),
        ModelConfig("other", chunk_size=(0, 8, 4), threads=2),
    )
    shown = {setting.name: (setting.value, setting.source) for setting in loaded.settings}
    assert shown["model.other.chunk_size"] == ("0, 8, 4", "flag")
    assert shown["model.other.mode"] == ("'streaming'", "default")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[model]\nmode = "sliced"\n', ("model.mode is not a table", "write [model.NAME]")),
        ('[model.x]\nmood = "sliced"\n', ("'model.x.mood'", "did you mean 'model.x.mode'?")),
        ('[model.x]\nmode = "slow"\n', ("model.x.mode is 'slow'", "one of streaming, sliced")),
        ("[model.x]\nchunk_size = [9, 5]\n", ("model.x.chunk_size is [9, 5]", "a list of whole numbers, 3")),
        ("[model.x]\nchunk_size = [1, 2, 3, 4]\n", ("a list of whole numbers, 3",)),
        ('[model.x]\nchunk_size = ["a", "b", "c"]\n', ("a list of whole numbers, 3",)),
    ],
)
def test_a_wrong_setting_of_a_model_says_what_was_expected(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    message = refusal(toml(tmp_path, text), {}, {})
    assert all(word in message for word in words)


def test_models_made_of_others_have_a_table_each(tmp_path: Path) -> None:
    environment = {
        "SAYWIRE_TWO_PASS_MEETING_FINALS": "sensevoice",
        "SAYWIRE_FALLBACK_OTHER_MODELS": "tiny, sphinx",
    }
    loaded = load(toml(tmp_path, MADE), environment, {})
    assert loaded.config.two_pass == (TwoPassConfig("meeting", "tiny", "sensevoice"),)
    assert loaded.config.fallback == (
        FallbackConfig("always.on", ("cloud", "meeting", "tiny")),
        FallbackConfig("other", ("tiny", "sphinx")),
    )
    shown = {setting.name: (setting.value, setting.source) for setting in loaded.settings}
    assert shown["two_pass.meeting.finals"] == (
        "'sensevoice'",
        "environment SAYWIRE_TWO_PASS_MEETING_FINALS",
    )
    assert shown["fallback.always.on.models"][0] == "cloud, meeting, tiny"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[two_pass.x]\npartials = "tiny"\n', ("two_pass.x has no finals", "needs partials and finals")),
        ('[two_pass.x]\nfinal = "tiny"\n', ("'two_pass.x.final'", "did you mean 'two_pass.x.finals'?")),
        ('[two_pass.x]\nfinals = ""\n', ("two_pass.x.finals is ''", "text that is not empty")),
        ("[fallback]\nmodels = []\n", ("fallback.models is not a table", "write [fallback.NAME]")),
        (
            '[fallback.x]\nmodels = ["tiny"]\n',
            ("fallback.x.models is ['tiny']", "a list of texts, 2 at least"),
        ),
        ('[fallback.auto]\nmodels = ["a", "b"]\n', ("cannot be called 'auto'",)),
    ],
)
def test_a_wrong_model_made_of_others_says_what_was_expected(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    message = refusal(toml(tmp_path, text), {}, {})
    assert all(word in message for word in words)


def test_what_must_be_given_may_not_be_empty() -> None:
    for section, holder in NAMED.items():
        required = [f.name for f in fields(holder) if f.default is MISSING and f.name != "name"]
        assert (required or section == "model") and all(f"{section}.{name}" in RANGES for name in required)
