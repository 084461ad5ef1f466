"""One round: reports are taken in, every channel is told what it has to know, and what was told is kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comfytape.alerts.change import Stream, changes_for, fold, forget, note
from comfytape.alerts.channels import receiver_of
from comfytape.alerts.delivery import Deadline, UndeliveredError
from comfytape.alerts.digest import reminders
from comfytape.alerts.document import read_documents
from comfytape.alerts.github_issue import GITHUB, GitHubIssue
from comfytape.alerts.link import link_of
from comfytape.alerts.message import Message
from comfytape.alerts.subject import Subject
from comfytape.settings import find_contract
from comfytape_cassettes import UsageError
from comfytape_contracts.contract import Contract
from comfytape_contracts.verdicts import ExitCode, worst_exit_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfytape.alerts.change import Change
    from comfytape.alerts.state import State, StateFile
    from comfytape.settings import Settings
    from comfytape_contracts.contract.alerts import Alerts

__all__ = ["Delivery", "Outcome", "Round"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one channel, and why it was not delivered ("" where it was)."""

    channel: str
    subject: str
    changes: Sequence[Change] = ()
    is_digest: bool = False
    failure: str = ""
    hint: str = ""
    code: ExitCode = ExitCode.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All deliveries of a round, and the contracts that have no ``alerts`` section."""

    deliveries: Sequence[Delivery]
    silent: Sequence[str] = ()

    @property
    def exit_code(self) -> ExitCode:
        """0; 2 where a channel is not set up; 3 where an alert could not be delivered."""
        return worst_exit_code(delivery.code for delivery in self.deliveries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is to be done.

    Attributes:
        settings: where contracts are.
        state: what was told already.
        contract: the contract of reports that name none (of drift and doctor), or "".
        target: which endpoint, where one contract is held to several, or "".
        digest: whether to remind of what was accepted, too.
        deadline_s: seconds for all channels together.
        now: the moment.
    """

    settings: Settings
    state: StateFile
    contract: str = ""
    target: str = ""
    digest: bool = False
    deadline_s: float = 60.0
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def preview(self, paths: Sequence[str]) -> Outcome:
        """What would be told, without telling it or keeping anything.

        Raises:
            UsageError: as of ``run``.
        """
        subjects, silent = self.subjects(paths)
        state = self.state.read()
        found = []
        for subject in subjects:
            stream = self.taken_in(state, subject)
            for name in channel_names(subject.alerts):
                changes = changes_for(name, stream, suppress=subject.alerts.suppress, now=self.now)
                found.append(Delivery(channel=name, subject=subject.name, changes=changes))
        return Outcome(deliveries=found, silent=silent)

    def run(self, paths: Sequence[str]) -> Outcome:
        """Take the reports in and tell every channel.

        Raises:
            UsageError: a report, a contract or the state cannot be read, or nobody is to be told.
        """
        subjects, silent = self.subjects(paths)
        deadline = Deadline(self.deadline_s)
        found: list[Delivery] = []
        with self.state.locked():
            state = self.state.read()
            for subject in subjects:
                state = placed(state, subject.name, self.taken_in(state, subject))
            # Before anybody is told: what cannot be kept would be told again with every run.
            self.state.write(state)
            tasks = [(s, name) for s in subjects for name in channel_names(s.alerts)]
            for number, (subject, name) in enumerate(tasks):
                share = Deadline(max(deadline.left, 0.1) / (len(tasks) - number))
                stream, deliveries = self.tell(subject, name, state.streams[subject.name], share)
                found += deliveries
                if stream != state.streams[subject.name]:
                    state = placed(state, subject.name, stream)
                    self.state.write(state)
        return Outcome(deliveries=found, silent=silent)

    def subjects(self, paths: Sequence[str]) -> tuple[list[Subject], list[str]]:
        """The reports whose contracts tell somebody, and the names of contracts that do not."""
        found: dict[str, Subject] = {}
        silent = []
        secrets, today = self.settings.secret_values(), self.now.date()
        for path, document in [(name, each) for name in paths for each in read_documents(name)]:
            wanted = self.contract or document.contract
            if not wanted:
                raise UsageError(f"{path} names no contract", hint="say whose alerts these are: --contract NAME")
            contract = Contract.load(find_contract(wanted, self.settings))
            alerts = contract.model.alerts
            if alerts is None:
                silent.append(contract.name)
                continue
            subject = Subject.of(document, contract, alerts, target=self.target, today=today, secrets=secrets)
            if subject.name in found:
                raise UsageError(
                    f"{path}: this is the second report about {subject.name}",
                    hint="give each endpoint of a contract a name, and a run of its own: --target NAME",
                )
            found[subject.name] = subject
        if not found:
            raise UsageError(
                f"nobody is to be told: no 'alerts' in the contract of {', '.join(sorted(set(silent)))}",
                hint="add for example: alerts: {channels: [{slack: SLACK_WEBHOOK_URL}]}; see docs/alerts.md",
            )
        return list(found.values()), silent

    def taken_in(self, state: State, subject: Subject) -> Stream:
        """The stream with this report in it."""
        before = state.streams.get(subject.name, Stream())
        stream = fold(before, subject.looked, unknown_after=subject.alerts.unknown_after, now=self.now)
        return forget(stream, channel_names(subject.alerts), suppress=subject.alerts.suppress, now=self.now)

    def tell(self, subject: Subject, name: str, stream: Stream, deadline: Deadline) -> tuple[Stream, list[Delivery]]:
        """Tell one channel about one contract: what changed, and the digest if it is asked for."""
        changes = changes_for(name, stream, suppress=subject.alerts.suppress, now=self.now)
        deliveries = []
        for message in self.messages(subject, name, stream, changes):
            made = Delivery(channel=name, subject=subject.name, changes=message.changes, is_digest=message.is_digest)
            try:
                stream = send(subject, name, stream, message, deadline)
            except (UndeliveredError, UsageError) as error:
                code, said = ExitCode(error.exit_code), subject.clean(str(error))
                made = replace(made, failure=said, hint=error.hint, code=code)
            if changes:
                stream = note(stream, name, message.changes, delivered=not made.failure, now=self.now)
            deliveries.append(made)
        return stream, deliveries or [quiet(subject, name)]

    def messages(self, subject: Subject, name: str, stream: Stream, changes: Sequence[Change]) -> Iterator[Message]:
        """What there is to say to one channel."""
        model = subject.contract.model
        message = Message(
            subject=subject.name,
            workflow=str(subject.contract.folder / model.workflow),
            still_open=sum(known.closed is None for known in stream.known),
            owner=subject.alerts.owner or model.owner,
            link=subject.clean(link_of(subject.alerts.report_url, subject.contract.name)),
        )
        if changes:
            yield replace(message, changes=changes)
        if self.digest and name != GITHUB:
            due = reminders(subject.accepted, subject.contract.baseline(), self.now.date(), subject.clean)
            if due or message.still_open:
                yield replace(message, reminders=due, is_digest=True)


def channel_names(alerts: Alerts) -> list[str]:
    """All channels of a contract."""
    return [channel.env for channel in alerts.channels] + ([GITHUB] if alerts.github_issue else [])


def placed(state: State, name: str, stream: Stream) -> State:
    """The state with a stream in it."""
    return replace(state, streams={**state.streams, name: stream})


def send(subject: Subject, name: str, stream: Stream, message: Message, deadline: Deadline) -> Stream:
    """Send a message; the stream, which remembers the number of its GitHub issue.

    Raises:
        UndeliveredError: it was not taken.
        UsageError: the channel is not set up.
    """
    if name == GITHUB:
        number = GitHubIssue.from_environment().sync(message, stream.known, stream.issue, deadline)
        return replace(stream, issue=number)
    channel = next(channel for channel in subject.alerts.channels if channel.env == name)
    receiver_of(channel).send(message, deadline)
    return stream


def quiet(subject: Subject, name: str) -> Delivery:
    """Nothing to say; yet a channel that could not speak is found on a quiet day."""
    try:
        if name == GITHUB:
            GitHubIssue.from_environment()
        else:
            receiver_of(next(channel for channel in subject.alerts.channels if channel.env == name)).check()
    except (UndeliveredError, UsageError) as error:
        code = ExitCode(error.exit_code)
        return Delivery(channel=name, subject=subject.name, failure=str(error), hint=error.hint, code=code)
    return Delivery(channel=name, subject=subject.name)
