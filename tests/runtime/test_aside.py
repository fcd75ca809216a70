from __future__ import annotations

import select
import threading

from saywire.runtime.aside import Aside


def test_answers_come_in_order_and_the_bell_tells_of_each() -> None:
    aside = Aside("test", str)
    for number in range(3):
        aside.ask(number)
    for number in range(3):
        assert select.select([aside.bell], [], [], 30)[0]
        assert aside.answer() == str(number)
    assert not select.select([aside.bell], [], [], 0)[0]
    aside.end()


def test_none_is_a_question_like_any_other() -> None:
    aside = Aside("test", repr)
    aside.ask(None)
    assert aside.answer() == "None"
    aside.end()


def test_work_that_goes_on_at_the_end_ends_by_itself() -> None:
    begun, gate, threads = threading.Event(), threading.Event(), []

    def work(question: int) -> None:
        threads.append(threading.current_thread())
        begun.set()
        gate.wait(30)

    aside = Aside("test", work)
    aside.ask(1)
    assert begun.wait(30)
    aside.end()
    gate.set()
    threads[0].join(30)
    assert not threads[0].is_alive()
