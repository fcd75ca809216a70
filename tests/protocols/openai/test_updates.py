from saywire import messages as m
from saywire.protocols.openai.options import opening_settings
from saywire.protocols.openai.updates import Update, Updates
from saywire.types import Options

TINY, OTHER = opening_settings("tiny"), opening_settings("other")


def test_updates_hold_for_the_next_frame_at_once_and_for_the_session_when_it_says_so():
    updates = Updates(Options())
    before = updates.settings
    assert updates.ask(Update(TINY)) == m.Configure(Options(model="tiny"))
    updates.ask(Update(OTHER, "e2"))
    assert (updates.settings, updates.latest) == (before, OTHER)
    assert updates.accept() == Update(TINY)
    assert (updates.settings, updates.latest) == (TINY, OTHER)


def test_a_refused_update_changes_nothing():
    updates = Updates(Options())
    updates.settings = TINY
    updates.ask(Update(OTHER, "e1"))
    assert updates.refuse() == Update(OTHER, "e1")
    assert updates.settings == updates.latest == TINY


def test_an_answer_without_a_question_is_nobodys():
    updates = Updates(Options())
    assert updates.accept() is None and updates.refuse() is None


def test_the_server_fills_what_the_client_leaves_open():
    assert Updates(Options(model="mine", language="zh")).ask(Update(opening_settings(None))) == m.Configure(
        Options(model="mine", language="zh")
    )
