from __future__ import annotations

import numpy as np
import pytest

from saywire import messages as m
from saywire.errors import BadRequest, EngineFailed, OutOfOrder, Overloaded, UnknownModel
from saywire.runtime.hosted import DEATHS, EVENTS, QUESTIONS, Hosted
from saywire.runtime.link import Down, Open
from saywire.types import Hypothesis, Options, Samples

OPTIONS = Options(language="en")
OTHER = Options(language="zh")


class Place:
    model = "fake"

    def __init__(self) -> None:
        self.sent: list[Down] = []
        self.left = False

    def send(self, message: Down) -> None:
        self.sent.append(message)

    def leave(self) -> None:
        self.left = True


class Usher:
    """Seats at once; every seat is kept to look at."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.forgotten = 0

    def seat(self, hosted: Hosted, options: Options) -> None:
        if options.model == "missing":
            hosted.refused(UnknownModel("no model 'missing'"))
        else:
            self.places.append(Place())
            hosted.seated(self.places[-1])

    def same_model(self, one: Options, other: Options) -> bool:
        return one.model == other.model

    def forget(self, hosted: Hosted) -> None:
        self.forgotten += 1


def make(max_backlog: float = 600.0) -> tuple[Hosted, Usher]:
    usher = Usher()
    return Hosted(usher, OPTIONS, lambda: None, max_backlog), usher


def sound(n: int = 1600) -> Samples:
    return np.linspace(-1, 1, n, dtype=np.float32)


def opened(hosted: Hosted, usher: Usher) -> Place:
    """After the first audio, seated and answered."""
    hosted.receive(m.Audio(sound()))
    hosted.hear(m.Configured(OPTIONS))
    return usher.places[-1]


def names(place: Place) -> list[str]:
    return [type(message).__name__ for message in place.sent]


def test_a_place_is_taken_with_the_first_command_and_nobody_asked_for_the_answer() -> None:
    hosted, usher = make()
    assert not usher.places
    place = opened(hosted, usher)
    assert names(place) == ["Open", "Audio"]
    assert hosted.events_to_send() == []


def test_configures_before_audio_are_answered_one_by_one() -> None:
    hosted, usher = make()
    hosted.receive(m.Configure(OTHER))
    hosted.receive(m.Configure(Options(model="missing")))
    hosted.receive(m.Configure(OPTIONS))
    hosted.hear(m.Configured(OTHER))
    hosted.hear(m.Configured(OPTIONS))
    first, second, third = hosted.events_to_send()
    assert first == m.Configured(OTHER) and third == m.Configured(OPTIONS)
    assert isinstance(second, m.Failed) and second.error.code == "model_not_found"
    assert [place.left for place in usher.places] == [True, False]


def test_a_refused_configure_falls_back_to_what_was_in_force() -> None:
    hosted, usher = make()
    hosted.receive(m.Configure(OTHER))
    hosted.receive(m.Audio(sound()))
    hosted.hear(m.Failed(None, UnknownModel("no")))
    assert usher.places[0].left
    open_, audio, *_ = usher.places[1].sent
    assert isinstance(open_, Open) and open_.options == OPTIONS
    assert isinstance(audio, m.Audio) and len(audio.samples) == 1600


def test_first_options_that_cannot_be_are_fatal() -> None:
    hosted, usher = make()
    hosted.receive(m.Audio(sound()))
    hosted.hear(m.Failed(None, UnknownModel("no")))
    (failed,) = hosted.events_to_send()
    assert isinstance(failed, m.Failed) and failed.error.fatal
    assert hosted.ended and usher.forgotten == 1


def test_what_was_not_settled_goes_to_the_next_worker() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    hosted.receive(m.Commit())
    hosted.receive(m.Audio(sound(800)))
    hosted.hear(m.SpeechStopped(0, 0.1, m.Cause.COMMIT))
    hosted.hear(m.Final(0, "one", 0.0, 0.1))
    hosted.hear(m.Settled(1600, 1, 1, "context"))
    hosted.lost(tried=True)
    open_, audio, mark = usher.places[1].sent
    assert open_ == Open(OPTIONS, m.Settled(1600, 1, 1, "context"), suspect=True)
    assert isinstance(audio, m.Audio) and len(audio.samples) == 800
    assert isinstance(mark, m.Mark) and mark.id < 0


def test_a_session_begins_where_another_had_settled() -> None:
    hosted, usher = make()
    place = m.Settled(32_000, 0, 0, "context", "fake", m.Reentry(45_600, 24_000, 1600, 800))
    hosted.receive(m.Configure(OPTIONS))
    hosted.receive(m.Configure(OTHER, place))
    hosted.hear(m.Configured(OPTIONS))
    assert usher.places[1].sent[0] == Open(OTHER, place)
    hosted.hear(m.Configured(OTHER))
    hosted.receive(m.Audio(sound(24_000), 24_000))
    hosted.receive(m.Finish())
    audio = [a.samples for a in usher.places[1].sent if isinstance(a, m.Audio)]
    assert sum(map(len, audio)) == 16_000 - 1600
    assert hosted.backlog == 0.9
    hosted.lost(tried=True)
    assert usher.places[2].sent[0] == Open(OTHER, place, suspect=True)


def test_a_context_of_another_model_is_refused_and_the_session_goes_on() -> None:
    hosted, usher = make()
    hosted.receive(m.Configure(OPTIONS, m.Settled(1600, 0, 0, "context", "another")))
    (failed,) = hosted.events_to_send()
    assert isinstance(failed, m.Failed) and failed.error.code == "other_model"
    assert usher.places[0].left and not usher.places[0].sent
    opened(hosted, usher)
    assert usher.places[1].sent[0] == Open(OPTIONS, m.Settled(0, 0, 0))


def test_it_is_too_late_to_resume_when_there_was_audio() -> None:
    hosted, usher = make()
    place = opened(hosted, usher)
    hosted.receive(m.Configure(OPTIONS, m.Settled(1600, 0, 0)))
    (failed,) = hosted.events_to_send()
    assert isinstance(failed, m.Failed) and failed.error.param == "resume" and not failed.error.fatal
    assert names(place) == ["Open", "Audio"]


def test_the_connection_is_told_positions_in_its_own_terms() -> None:
    hosted, _ = make()
    hosted.receive(m.Configure(OPTIONS))
    hosted.hear(m.Configured(OPTIONS))
    hosted.receive(m.Audio(sound(48_000), 48_000))
    hosted.receive(m.Configure(Options(model="other")))  # refused here; the worker never counts it
    hosted.receive(m.Commit())
    hosted.hear(m.Settled(15_000, 0, 1))
    hosted.hear(m.Settled(16_000, 1, 1, "context"))
    assert [event for event in hosted.events_to_send() if isinstance(event, m.Settled)] == [
        m.Settled(15_000, 1, 1, "", "fake", m.Reentry(0, 48_000, 15_000)),
        m.Settled(16_000, 3, 1, "context", "fake", m.Reentry(48_000, 48_000)),
    ]


def test_the_next_worker_repeats_nothing_to_the_client() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    said: list[m.Event] = [m.SpeechStarted(0, 0.0), m.Partial(0, Hypothesis("one"))]
    for event in said:
        hosted.hear(event)
    assert hosted.events_to_send() == said
    hosted.lost(tried=True)
    hosted.hear(m.Configured(OPTIONS))
    for event in [*said, m.Marked(-1)]:
        hosted.hear(event)
    assert hosted.events_to_send() == []
    hosted.hear(m.Final(0, "one", 0.0, 0.1))
    assert len(hosted.events_to_send()) == 1


def test_audio_that_kills_is_given_up() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    for _ in range(DEATHS):
        hosted.lost(tried=True)
    (failed,) = hosted.events_to_send()
    assert isinstance(failed, m.Failed) and isinstance(failed.error, EngineFailed) and failed.error.fatal
    assert len(usher.places) == DEATHS


def test_settling_forgives_the_dead() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    for _ in range(DEATHS * 2):
        hosted.lost(tried=True)
        hosted.hear(m.Configured(OPTIONS))
        hosted.hear(m.Settled(0, 0, 0))
    assert not any(isinstance(event, m.Failed) for event in hosted.events_to_send())


def test_the_model_stays_once_there_was_audio() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    hosted.receive(m.Configure(Options(model="other")))
    (failed,) = hosted.events_to_send()
    assert isinstance(failed, m.Failed) and isinstance(failed.error, BadRequest) and not failed.error.fatal
    hosted.receive(m.Configure(OTHER))
    assert usher.places[0].sent[-1] == m.Configure(OTHER)


def test_what_is_too_late_is_answered_in_its_turn() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    hosted.receive(m.Configure(OTHER))
    hosted.receive(m.Configure(Options(model="other")))
    hosted.receive(m.Configure(OPTIONS))
    assert hosted.events_to_send() == []
    hosted.hear(m.Configured(OTHER))
    first, second = hosted.events_to_send()
    assert first == m.Configured(OTHER) and isinstance(second, m.Failed)
    hosted.hear(m.Configured(OPTIONS))
    assert hosted.events_to_send() == [m.Configured(OPTIONS)]


def test_what_is_too_late_waits_for_the_answers_from_before_the_audio() -> None:
    hosted, _ = make()
    hosted.receive(m.Configure(OTHER))
    hosted.receive(m.Audio(sound()))
    hosted.receive(m.Configure(Options(model="other")))
    assert hosted.events_to_send() == []
    hosted.hear(m.Configured(OTHER))
    first, second = hosted.events_to_send()
    assert first == m.Configured(OTHER) and isinstance(second, m.Failed)


def test_what_is_too_late_is_bounded_while_it_waits() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    hosted.receive(m.Configure(OTHER))
    with pytest.raises(Overloaded, match="commands wait"):
        for _ in range(5000):
            hosted.receive(m.Configure(Options(model="other")))


def test_a_bad_rate_is_refused_and_nothing_is_lost() -> None:
    hosted, usher = make()
    hosted.receive(m.Audio(sound(), 24_000))
    with pytest.raises(BadRequest, match="1 Hz"):
        hosted.receive(m.Audio(sound(), 1))
    hosted.receive(m.Commit())
    samples = [x.samples for x in usher.places[0].sent if isinstance(x, m.Audio)]
    assert sum(map(len, samples)) == pytest.approx(1600 * 2 / 3, abs=1)


def test_audio_that_is_not_finite_becomes_silence() -> None:
    hosted, usher = make()
    hosted.receive(m.Audio(np.array([np.nan, 2.0, np.inf], np.float32)))
    (audio,) = (x for x in usher.places[0].sent if isinstance(x, m.Audio))
    assert audio.samples.tolist() == [0.0, 1.0, 0.0]


def test_too_far_behind_is_overloaded() -> None:
    hosted, usher = make(max_backlog=0.05)
    opened(hosted, usher)
    assert hosted.backlog == pytest.approx(0.1)
    with pytest.raises(Overloaded):
        hosted.receive(m.Audio(sound()))
    hosted.hear(m.Settled(1600, 0, 0))
    hosted.receive(m.Audio(sound()))


def test_nothing_after_the_end() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    hosted.receive(m.Finish())
    with pytest.raises(OutOfOrder):
        hosted.receive(m.Commit())
    hosted.hear(m.Finished(0.1))
    assert not hosted.ended
    assert hosted.events_to_send() == [m.Finished(0.1)]
    assert hosted.ended and usher.places[0].left and usher.forgotten == 1
    hosted.close()
    assert usher.forgotten == 1


def test_the_model_is_compared_with_the_one_that_was_asked_for_last() -> None:
    hosted, usher = make()
    other = Options(model="other")
    hosted.receive(m.Configure(other))
    hosted.receive(m.Audio(sound()))
    hosted.receive(m.Configure(Options(model="other", language="en")))
    assert hosted.events_to_send() == []
    hosted.hear(m.Configured(other))
    assert names(usher.places[0]) == ["Open", "Audio", "Configure"]


def test_configures_that_nobody_answers_are_refused_at_some_point() -> None:
    hosted, _ = make()
    hosted.receive(m.Configure(OTHER))
    with pytest.raises(Overloaded, match="commands wait"):
        for _ in range(5000):
            hosted.receive(m.Configure(Options(model="missing")))
    hosted.hear(m.Configured(OTHER))  # the rest is refused at once, however many they are
    assert len(hosted.events_to_send()) == QUESTIONS


def test_commands_without_audio_are_bounded_and_finish_is_always_taken() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    with pytest.raises(Overloaded, match="commands wait"):
        for _ in range(5000):
            hosted.receive(m.Commit())
    hosted.receive(m.Finish())
    assert isinstance(usher.places[0].sent[-1], m.Finish)


def test_who_takes_no_events_gets_fewer_partials_and_then_an_error() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    for i in range(100_000):
        hosted.hear(m.Partial(0, Hypothesis(str(i))))
    events = hosted.events_to_send()
    assert len(events) < 1000 and events[-1] == m.Partial(0, Hypothesis("99999"))
    for i in range(EVENTS + 1):
        hosted.hear(m.SpeechStarted(i, 0.0))
    events = hosted.events_to_send()
    assert len(events) == EVENTS + 2 and isinstance(events[-1], m.Failed)
    assert events[-1].error.code == "overloaded" and hosted.ended and usher.places[0].left


@pytest.mark.parametrize("last", [m.Finished(0.1), m.Failed(None, OutOfOrder("the session broke"))])
def test_a_session_is_over_when_its_last_event_is_announced(last: m.Event) -> None:
    """Whoever takes events inside ``moved`` sees its end, too."""
    usher = Usher()
    ended: list[bool] = []

    def look() -> None:
        hosted.events_to_send()
        ended.append(hosted.ended)

    hosted = Hosted(usher, OPTIONS, look, 600.0)
    opened(hosted, usher)
    hosted.hear(last)
    assert ended == [True] and usher.places[0].left and usher.forgotten == 1


def test_a_session_that_only_happened_to_be_there_is_not_given_up() -> None:
    hosted, usher = make()
    opened(hosted, usher)
    for _ in range(DEATHS * 2):
        hosted.lost(tried=False)
    assert hosted.events_to_send() == []
    suspects = [x.suspect for place in usher.places for x in place.sent if isinstance(x, Open)]
    assert suspects == [False] + [True] * DEATHS * 2


def test_what_the_first_audio_says_is_heard_when_it_came_before_the_options_were_answered() -> None:
    """The client may say nothing more for a while, as one who plays a file and pauses."""
    hosted, usher = make()
    hosted.receive(m.Configure(OTHER))
    hosted.receive(m.Configure(OPTIONS))
    hosted.receive(m.Audio(sound()))
    hosted.hear(m.Configured(OTHER))
    hosted.hear(m.Configured(OPTIONS))
    said = m.Partial(0, Hypothesis("one"))
    mark = usher.places[-1].sent[-1]
    assert isinstance(mark, m.Mark)
    hosted.hear(said)
    hosted.hear(m.Marked(mark.id))
    assert hosted.events_to_send()[-1] == said
