"""The running engines of one ingress: a crew of worker processes for each model, and who sits where.

Everything here is the ingress's one asyncio loop. A worker that dies is replaced, and the sessions it
held go on in another: they keep what is needed for that (``hosted.py``). A crew is begun when its model
is first asked for.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count

from .. import engines
from ..config import Config
from ..engines import Entry
from ..errors import ConfigError, Overloaded, SaywireError, UnknownModel
from ..settings import read_pairs
from ..types import Options
from . import models
from .base import Model
from .crew import Crew
from .hosted import Hosted
from .memory import measure
from .residence import Residence
from .starters import Starter, choose

log = logging.getLogger(__name__)

CLOUD_NAMES = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
    "gpt-realtime",
    "auto",
)
"""Names that clients send because their makers' services have them: the server's own choice."""
CLOUD_FAMILIES = (
    "gpt-4o-transcribe-",
    "gpt-4o-mini-transcribe-",
    "gpt-transcribe-",
    "gpt-live-transcribe-",
    "gpt-realtime-",
    "gpt-4o-realtime-preview",
    "gpt-4o-mini-realtime-preview",
    "qwen3-asr-flash",
    "qwen-audio-3",
    "paraformer-realtime-",
    "fun-asr-realtime",
    "fun-asr-flash",
    "gummy-realtime-",
    "gummy-chat-",
)
"""How more of them begin; their versions change often."""


class Pool:
    """``runtime.base.Host``. Make it anywhere; ``start`` and the rest inside the loop."""

    def __init__(self, config: Config, entries: Sequence[Entry] | None = None) -> None:
        """``entries``: all that may be asked for; None: what the product has and what is installed, now and
        later."""
        self._config = config
        self._given = entries
        self._seen: Sequence[Entry] = ()  # at the last look into the store
        self._warned = ""  # what was wrong then
        self._starter: Starter | None = None
        self._aliases = read_aliases(config)
        self._residence = Residence(self._begin, config.engine.max_models, config.engine.unload_after)
        self._sessions: set[Hosted] = set()
        self._numbers = count(1)

    async def start(self) -> None:
        """Begin the crews of the default model and of those to preload. Raises what they raise, and
        ConfigError for a configured model whose parts are not here."""
        known = self._entries
        if problem := next((entry.problem for entry in known if entry.problem), ""):
            raise ConfigError(problem)
        names = {self._default(None, known).name, *self._config.engine.preload}
        entries = [models.find_entry(name, known) for name in sorted(names)]
        if 0 < (most := self._config.engine.max_models) < len(entries):
            raise ConfigError(
                f"{len(entries)} models are to be loaded at the start ({', '.join(sorted(names))}), but"
                f" engine.max_models is {most}; raise it, or shorten engine.preload"
            )
        self._starter = choose(self._config.engine.start)
        loaded = False
        try:
            crews = [self._residence.enter(entry) for entry in entries]
            await asyncio.gather(*(crew.loaded() for crew in crews))
            for crew in crews:
                self._residence.rest(crew)
            loaded = True
        finally:
            if not loaded:
                await self.stop()

    async def stop(self) -> None:
        """End every session, with an error, and every worker, at once; idempotent. Let nobody in any more."""
        starter, self._starter = self._starter, None
        self.give_up(Overloaded("the server is stopping; try again later"))
        await self._residence.end()
        if starter:
            await asyncio.to_thread(starter.end)

    async def __aenter__(self) -> Pool:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def open(self, options: Options, moved: Callable[[], None]) -> Hosted:
        limit = self._config.server.max_sessions
        if len(self._sessions) >= limit:
            raise Overloaded(f"{limit} sessions are open, which is the limit; try again later")
        session = Hosted(self, options, moved, self._config.engine.max_backlog)
        self._sessions.add(session)
        return session

    def give_up(self, error: SaywireError) -> None:
        for session in tuple(self._sessions):
            session.give_up(error)

    def models(self) -> Sequence[Model]:
        return [self._describe(entry) for entry in self._entries if not entry.obstacle]

    def aliases(self) -> Mapping[str, str]:
        known = self._entries
        found: dict[str, str] = {}
        for name in (*self._aliases, *CLOUD_NAMES):
            with suppress(UnknownModel):
                entry = self._resolve(Options(model=name), known)
                if entry.name != name and not entry.obstacle:
                    found[name] = entry.name
        return found

    def find_model(self, name: str) -> Model:
        entry = self._resolve(Options(model=name), self._entries)
        if entry.obstacle:
            raise UnknownModel(entry.obstacle, param="model")
        return self._describe(entry)

    @property
    def _entries(self) -> Sequence[Entry]:
        """Looks into the store each time: what was just installed is there. What the configuration needs may
        have been removed since the start: the others go on, then, as they were."""
        if self._given is not None:
            return self._given
        try:
            self._seen, self._warned = models.known_entries(self._config), ""
        except ConfigError as error:
            if not self._seen:
                raise
            if error.message != self._warned:
                log.error("%s; until then new models are not seen", error.message)
            self._warned = error.message
        return self._seen

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    @property
    def crews(self) -> Sequence[Crew]:
        return tuple(self._residence)

    @property
    def processes(self) -> list[int]:
        """Ids of the worker processes that are loaded."""
        return [link.pid for crew in self._residence for link in crew.links if link.pid]

    # As the sessions' usher.

    def seat(self, hosted: Hosted, options: Options) -> None:
        try:
            if self._starter is None:  # there may be crews still, which are ending
                raise Overloaded("the engines are not running; try again later")
            crew = self._residence.enter(self._resolve(options, self._entries))
        except SaywireError as error:
            hosted.refused(error)
        else:
            crew.seat(hosted)

    def same_model(self, one: Options, other: Options) -> bool:
        try:
            known = self._entries
            return self._resolve(one, known) == self._resolve(other, known)
        except SaywireError:  # it was removed since
            return one.model == other.model

    def forget(self, hosted: Hosted) -> None:
        self._sessions.discard(hosted)
        for crew in self._residence:
            crew.forget(hosted)

    # Inside.

    def _resolve(self, options: Options, entries: Sequence[Entry]) -> Entry:
        named = self._aliases.get(options.model or "", options.model)
        if named is None or (is_cloud_name(named) and named not in {entry.name for entry in entries}):
            return self._default(options.language, entries)
        try:
            return models.find_entry(named, entries)
        except UnknownModel as error:
            if named == options.model:
                raise
            what = f"engine.aliases has '{named}' for '{options.model}', but {error.message}"
            raise UnknownModel(what, param="model") from error

    def _default(self, language: str | None, entries: Sequence[Entry]) -> Entry:
        settings = self._config.engine
        if settings.model != "auto":
            return models.find_entry(settings.model, entries)
        return engines.choose(language or settings.language, entries).entry

    def _begin(self, entry: Entry) -> Crew:
        assert self._starter
        wanted = self._config.engine.workers or min(4, os.cpu_count() or 1)
        return Crew(entry, self._starter, wanted, self._numbers, self._residence.rest)

    def _describe(self, entry: Entry) -> Model:
        crew = self._residence.find(entry)
        if crew is None:
            return Model(entry.name, entry.languages, entry.summary)
        pids = [link.pid for link in crew.staying if link.pid]
        return Model(
            entry.name,
            entry.languages,
            entry.summary,
            crew.info,
            len(crew.staying),
            crew.restarts,
            crew.sessions,
            measure(pids),
        )


def read_aliases(config: Config) -> dict[str, str]:
    """The model behind each name of ``engine.aliases``. Raises ConfigError for one that names none."""
    return dict(read_pairs("engine.aliases", config.engine.aliases, "name=model", "whisper-1=sphinx"))


def find_stray_aliases(config: Config) -> dict[str, str]:
    """Those of a model that is not here, and what is wrong with it: it may yet be installed.

    Raises ConfigError as ``read_aliases`` does.
    """
    aliases = read_aliases(config)
    entries = models.known_entries(config) if aliases else []  # else the store need not be read
    stray = {}
    for alias, name in aliases.items():
        try:
            models.find_entry(name, entries)
        except UnknownModel as error:
            if not is_cloud_name(name):
                stray[alias] = error.message
    return stray


def is_cloud_name(name: str) -> bool:
    return name in CLOUD_NAMES or name.startswith(CLOUD_FAMILIES)
