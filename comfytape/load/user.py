"""The user class, and what ties it to Locust's life: one shard a process, begun and ended with the test.

The master makes no jobs. It divides the budget among the workers that are there when the test starts, and ends the test
when all of them have spent their share.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
import locust
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

from comfytape.load.shard import JobFailedError, Shard
from comfytape.settings import find_contract, load_settings
from comfytape_cassettes import ComfytapeError
from comfytape_contracts.contract import Contract
from comfytape_recorder.management import management_url_of
from comfytape_recorder.target import target_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.env import Environment
    from locust.event import EventHook

__all__ = ["ContractUser"]

SHARE, SPENT = "comfytape-share", "comfytape-spent"
"""Messages between master and workers: US dollars for each, by user class; and that a worker has used them up."""
PAUSE_S = 1.0
"""Seconds that a user rests after a job that failed."""
LOG = logging.getLogger("comfytape.load")


class ContractUser(locust.User):
    """A user who submits a contract's workflow, waits for its result, and does so again.

    Every job is a sample of its own: prompts and seeds vary as the contract says, across all processes. A process keeps
    what it exchanged in the cassette ``CONTRACT-load-wN``; ``comfytape merge`` makes one of them.

    Attributes:
        contract: name or path of the contract; the endpoint comes from the environment, as for ``comfytape record``.
        into: folder of cassettes; "" is the one of the settings.
        budget_usd: what all processes together may spend, by the contract's price; None is no limit.
    """

    abstract = True
    contract: ClassVar[str] = ""
    into: ClassVar[str] = ""
    budget_usd: ClassVar[float | None] = None
    share_usd: ClassVar[float | None] = None
    shard: ClassVar[Shard | None] = None
    closing: ClassVar[threading.Thread | None] = None

    @locust.task
    def job(self) -> None:
        """One job; Locust's statistics show its time from submission to the answer that showed its end."""
        shard = type(self).shard
        began = time.perf_counter()
        failure: Exception | None = None
        try:
            if shard is None or shard.run() is None:
                leave(self.environment)
                raise StopUser
        except JobFailedError as error:
            failure = error
            # An endpoint that refuses is not asked as fast as it can refuse.
            time.sleep(PAUSE_S)
        except ComfytapeError as error:
            LOG.error("%s%s", error, f" ({error.hint})" if error.hint else "")  # noqa: TRY400 - words, no traceback
            self.environment.process_exit_code = 2
            leave(self.environment)
            raise StopUser from error
        self.environment.events.request.fire(
            request_type="job", name=self.contract, response_time=(time.perf_counter() - began) * 1000,
            response_length=0, exception=failure, context={},
        )  # fmt: skip


def leave(environment: Environment) -> None:
    """Say that this process makes no more jobs; alone, it ends the test."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.send_message(SPENT)
    elif runner is not None:
        runner.greenlet.spawn(runner.quit)


def listen(event: EventHook, listener: Callable[..., None]) -> None:
    """Be told of an event of Locust's."""
    event.add_listener(listener)  # type: ignore[no-untyped-call]


def classes_of(environment: Environment) -> list[type[ContractUser]]:
    """The users of ours in a test."""
    return [user for user in environment.user_classes if issubclass(user, ContractUser)]


def on_init(environment: Environment, runner: Any, **_: Any) -> None:
    """Begin with the test and end with it."""
    # Python raises KeyboardInterrupt in whatever greenlet runs. In one that stands for a thread it ends that thread
    # alone, and the test would go on and spend. Locust takes SIGTERM in gevent's loop, where nothing swallows it.
    gevent.signal_handler(signal.SIGINT, os.kill, os.getpid(), signal.SIGTERM)
    if isinstance(runner, MasterRunner):
        spent: set[str] = set()

        def on_spent(environment: Environment, msg: Any, **_: Any) -> None:  # noqa: ARG001 - Locust passes by name
            spent.add(msg.node_id)
            if len(spent) >= runner.worker_count:
                LOG.info("every worker has spent its share of the budget, or has been stopped")
                runner.greenlet.spawn(runner.quit)

        def divide(environment: Environment, **_: Any) -> None:
            for user in classes_of(environment):
                if user.budget_usd is not None:
                    runner.send_message(SHARE, {user.__name__: user.budget_usd / max(runner.worker_count, 1)})

        runner.register_message(SPENT, on_spent)
        listen(environment.events.test_start, divide)
        return
    if isinstance(runner, WorkerRunner):
        runner.register_message(SHARE, take_share)
    listen(environment.events.test_start, begin)
    listen(environment.events.test_stop, end)


def take_share(environment: Environment, msg: Any, **_: Any) -> None:
    """What this worker may spend. One that comes later than the start gets nothing, and submits nothing."""
    for user in classes_of(environment):
        user.share_usd = msg.data.get(user.__name__, user.share_usd)


def begin(environment: Environment, **_: Any) -> None:
    """Open this process's shards; where one cannot be opened, the test ends with the reason."""
    runner = environment.runner
    index = runner.worker_index if isinstance(runner, WorkerRunner) else 0
    for user in classes_of(environment):
        try:
            user.shard = open_shard(user, index, divided=isinstance(runner, WorkerRunner))
        except ComfytapeError as error:
            LOG.error("%s%s", error, f" ({error.hint})" if error.hint else "")  # noqa: TRY400 - words, no traceback
            environment.process_exit_code = 2
            if runner is not None:
                runner.greenlet.spawn(runner.quit)


def open_shard(user: type[ContractUser], index: int, *, divided: bool) -> Shard:
    """The shard of a user class in this process.

    Raises:
        ComfytapeError: the contract, the environment or the endpoint do not fit.
    """
    settings = load_settings()
    contract = Contract.load(find_contract(user.contract, settings))
    target = target_of(contract.model.endpoint, os.environ)
    budget = user.budget_usd
    if budget is not None and divided:
        budget = user.share_usd or 0.0
    folder = Path(user.into) if user.into else settings.cassettes
    return Shard(
        contract, target, folder / f"{contract.name}-load-w{index}", index=index, budget_usd=budget,
        secrets=settings.secret_values(),
        management_url=management_url_of(os.environ, target.base_url) if index == 0 else "",
    )  # fmt: skip


def end(environment: Environment, **_: Any) -> None:
    """Cancel what runs, and make the cassettes.

    Ctrl-C reaches a worker twice, from the terminal and by its master, and whoever comes second would kill the one who
    is at it: so a thread of its own does the work, and both wait for it.
    """
    for user in classes_of(environment):
        shard, user.shard = user.shard, None
        if shard is not None:
            user.closing = threading.Thread(target=close, args=(environment, shard), name="closing")
            user.closing.start()
    for user in classes_of(environment):
        if user.closing is not None:
            user.closing.join()


def close(environment: Environment, shard: Shard) -> None:
    """Finish one shard, and say what became of it."""
    try:
        cassette = shard.finish()
    except ComfytapeError as error:
        LOG.error("%s%s", error, f" ({error.hint})" if error.hint else "")  # noqa: TRY400
        environment.process_exit_code = 2
    else:
        LOG.info("recorded %s: %d jobs", cassette.label, len(cassette.provenance.samples))


listen(locust.events.init, on_init)
