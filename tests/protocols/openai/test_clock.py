import pytest

from saywire.protocols.openai.clock import Clock


class Time:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


def test_nothing_is_due_where_nobody_asked(time):
    clock = Clock(time, None)
    clock.speak()
    clock.quiet()
    time.now += 1e9
    assert (clock.deadline, clock.idle(), clock.expired()) == (None, False, False)


def test_quiet_counts_from_the_start_and_again_after_each_time(time):
    clock = Clock(time, None)
    clock.wait(6.0)
    assert clock.deadline == 1006.0
    time.now = 1005.9
    assert not clock.idle()
    time.now = 1007.0
    assert clock.idle() and not clock.idle()
    assert clock.deadline == 1013.0


def test_speech_is_not_quiet_and_its_end_is_where_quiet_begins(time):
    clock = Clock(time, None)
    clock.wait(6.0)
    clock.speak()
    time.now = 1100.0
    assert clock.deadline is None and not clock.idle()
    clock.quiet()
    assert clock.deadline == 1106.0


def test_another_patience_begins_anew_and_the_same_does_not(time):
    clock = Clock(time, None)
    clock.wait(6.0)
    time.now = 1005.0
    clock.wait(6.0)
    assert clock.deadline == 1006.0
    clock.wait(10.0)
    assert clock.deadline == 1015.0
    clock.speak()
    clock.wait(1.0)
    assert clock.deadline is None  # somebody speaks
    clock.quiet()
    clock.wait(None)
    assert clock.deadline is None


def test_a_lifetime_ends(time):
    clock = Clock(time, 60.0)
    clock.wait(100.0)
    assert clock.deadline == 1060.0 and not clock.expired()
    clock.wait(5.0)
    assert clock.deadline == 1005.0
    time.now = 1060.0
    assert clock.expired()
    clock.stop()
    assert (clock.deadline, clock.expired(), clock.idle()) == (None, False, False)
