"""Recording while somebody asks for everything there is to read, one call after the other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from exporter.web.routes import all_routes

from ..case import Bench, Case, Result, Row, Table, ratio_row
from ..filled import MILLION, copied, database
from ..load import Caller, Load, Subject, prepare_users, rate, ratio, singles
from ..processes import BOTH_CORES, SERVER_CORE
from ..reading import Analyst, questions
from ..rollups import wait_until_rolled_up
from ..service import Service, service
from .loads import OURS, compared

CONNECTIONS = 64
WATCHED = f"{OURS}, with an analyst"
PLACES = {"the whole machine": BOTH_CORES, "one core": SERVER_CORE}
LEAST = 0.8
HALF = 0.5


def run(bench: Bench) -> Result:
    """On a million events: the service on the whole machine, as it would run, and on one core."""
    users = prepare_users(bench.scratch)
    folder = copied(database(bench.cache, MILLION), bench.scratch)
    rows: list[Row] = []
    tables: list[Table] = []
    for place, core in PLACES.items():
        with service(folder, core=core, ANSWER_CACHE_SECONDS="0") as one:
            wait_until_rolled_up(one)
            full, asked = _compared(bench, one, singles(users, CONNECTIONS))
            think_ms = round(CONNECTIONS / (rate(full[OURS]) * HALF) * 1000)
            half, asked_of_half = _compared(bench, one, singles(users, CONNECTIONS, think_ms))
        least = LEAST if core == BOTH_CORES else None
        work = f"recording while an analyst asks for everything, {place}"
        rows += [_row(work, full, least), _row(f"{work}, about half load", half, least)]
        tables += [
            compared(f"On {place}; {asked:,} questions were answered meanwhile", full),
            compared(f"The same at half load; {asked_of_half:,} questions", half),
        ]
    return Result(tuple(rows), tuple(tables), NOTES)


def _row(work: str, loads: dict[str, list[Load]], least: float | None) -> Row:
    return ratio_row(
        work,
        f"{rate(loads[WATCHED]):,.0f} events/s",
        f"without {rate(loads[OURS]):,.0f} events/s",
        ratio(loads[WATCHED], loads[OURS]),
        least=least,
    )


def _compared(bench: Bench, one: Service, caller: Caller) -> tuple[dict[str, list[Load]], int]:
    loads: dict[str, list[Load]] = {OURS: [], WATCHED: []}
    subject = Subject(one.url, one.pid, caller)
    asked = 0
    subject.round(bench.seconds)
    for _ in range(bench.rounds):
        loads[OURS].append(subject.round(bench.seconds))
        with asking(one) as answers:
            loads[WATCHED].append(subject.round(bench.seconds))
        asked += len(answers)
    return loads, asked


@contextmanager
def asking(one: Service) -> Iterator[list[float]]:
    """Ask every question again and again while the block runs; the times of the answers."""
    stop = threading.Event()
    answers: list[float] = []

    def again() -> None:
        analyst, asked = Analyst(one.url, "user-1"), questions(all_routes())
        while not stop.is_set():
            for question in asked:
                took = analyst.ask(question)
                if took is not None:
                    answers.append(took)
                if stop.is_set():
                    break
        analyst.close()

    thread = threading.Thread(target=again, name="analyst")
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


NOTES = (
    "The analyst asks one question at a time, the next as soon as the last is answered. At full"
    " load an answer takes time that recording had: the service's Python runs on one core at a"
    " time. With the machine's two cores the load takes part of the second.",
)

CASE = Case("analyst", "Recording while being asked", run, tools=("taskset", "wrk"))
