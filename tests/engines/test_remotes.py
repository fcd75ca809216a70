import pickle

import pytest

from saywire.config import Config, RemoteConfig
from saywire.engines import ENGINES, Entry, choose, find
from saywire.engines.remotes import make_remote_entry, with_remotes
from saywire.errors import ConfigError, UnknownModel

REMOTE = RemoteConfig("cloud", "http://localhost/v1", "large", languages=("en", "xx"))


def test_a_remote_is_an_entry_that_loads_in_another_process() -> None:
    entry = find("cloud", with_remotes(Config(remote=(REMOTE,)), ENGINES))
    engine = pickle.loads(pickle.dumps(entry)).load()
    assert (engine.info.name, engine.info.languages) == ("cloud", ("en", "xx"))
    engine.close()


def test_the_engines_of_the_house_come_first_and_all_once() -> None:
    installed = Entry("cloud", "online:load", (), "", ("en",), "installed under the same name", 10)
    entries = with_remotes(Config(remote=(REMOTE,)), (*ENGINES, installed))
    assert entries == [*ENGINES, make_remote_entry(REMOTE)]
    assert with_remotes(Config(), ENGINES) == [*ENGINES]


def test_audio_leaves_the_machine_only_when_the_name_is_asked_for() -> None:
    entries = with_remotes(Config(remote=(REMOTE,)), ENGINES)
    assert choose("en", entries).entry.name != "cloud"
    with pytest.raises(UnknownModel):
        choose("xx", entries)


def test_a_name_that_is_taken_is_refused() -> None:
    tiny = RemoteConfig("tiny", "http://localhost/v1", "large")
    with pytest.raises(ConfigError, match=r"remote\.tiny has the name of an engine that ships with"):
        with_remotes(Config(remote=(tiny,)), ENGINES)
