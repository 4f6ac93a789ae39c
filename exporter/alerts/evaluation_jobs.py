"""The jobs that look for what is wrong, put together from the parts of a service."""

import socket
from datetime import timedelta

from ..background import Job
from ..clock import Clock
from ..metrics.values import Metrics
from ..rollups.lease import LENGTH, Lease
from ..settings import Settings
from ..storage.base import Store
from .announcer import Announcer
from .evaluation import Evaluation
from .evaluators import REPLICA_EVALUATORS, store_evaluators
from .history import AlertHistory
from .replica_register import ReplicaRegister
from .store_register import StoreRegister

LEASE = "store-alerts"
RUNS_OF_A_LEASE = 3
"""How many times it may be renewed before it ends: one late run is not to hand it over, since the
next replica would have to see for itself how long everything has been calm."""


def evaluation_jobs(
    settings: Settings,
    clock: Clock,
    *,
    store: Store,
    metrics: Metrics,
    history: AlertHistory,
    announcer: Announcer,
) -> tuple[tuple[float, str, Job], ...]:
    """The jobs that `settings` ask for, each with the seconds between its runs and its name.

    Switched off, nothing is looked for, and what is still open from before is written off.
    """
    on = settings.store_alerts == "on"
    seconds = settings.store_alerts_seconds
    evaluators = store_evaluators(settings) if on else ()
    length = max(LENGTH, timedelta(seconds=RUNS_OF_A_LEASE * seconds))
    of_the_store = Evaluation(
        evaluators,
        StoreRegister(store, history, clock, [one.name for one in evaluators]),
        announcer,
        store=store,
        metrics=metrics,
        clock=clock,
        turn=Lease(store, LEASE, clock, length=length) if store.remote else None,
    )
    jobs: tuple[tuple[float, str, Job], ...] = ((seconds, "store_alerts", of_the_store.run),)
    if not on:
        return jobs
    of_the_replica = Evaluation(
        REPLICA_EVALUATORS,
        ReplicaRegister(settings.data_dir, history, clock),
        announcer,
        store=store,
        metrics=metrics,
        clock=clock,
        labels={"instance": f"{socket.gethostname()}:{settings.port}"},
    )
    return ((seconds, "replica_alerts", of_the_replica.run), *jobs)
