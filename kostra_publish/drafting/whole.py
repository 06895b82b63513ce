"""The whole round in a process of its own: as ``publish`` makes it, up to where it is written.

It can be ended at any time, since it writes nothing. When it is done it stays, and tells why
figures are hidden: what that takes never leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Thread

from kostra_publish.disclosure.protection import Answers
from kostra_publish.drafting.basis import Basis, basis
from kostra_publish.drafting.built import Built, as_built
from kostra_publish.drafting.request import Request, work_whole
from kostra_publish.drafting.standing import sources_of
from kostra_publish.drafting.unexpected import unexpected
from kostra_publish.drafts import Answer, Question, Working, Wrong
from kostra_publish.errors import PublishError, UsageError
from kostra_publish.explaining.explainer import Explainer
from kostra_publish.making import figures
from kostra_publish.outputs.quality import QualityFacts, without_figures
from kostra_publish.preparing import ground, plan, task
from kostra_publish.releases.passing import Passed

_SPAWN = get_context("spawn")
_STAGES = {
    "Read, validate and count": "Leser og teller",
    "Build the cubes": "Bygger tabellene",
    "Protect small figures": "Skjermer små tall",
    "Check the quality": "Kontrollerer kvaliteten",
}


@dataclass(frozen=True, eq=False)
class Made:
    """A round made whole: its cubes, what they were made on, and the quality report."""

    cubes: tuple[Passed, ...]
    bases: Mapping[str, Basis]
    report: QualityFacts
    answers: Answers
    """What disclosure control found, for the next time."""


@dataclass(eq=False)
class WholeRound:
    """The process that makes the whole round, as seen by who started it."""

    process: BaseProcess
    connection: Connection
    doing: str = "Lager hele runden"
    is_made: bool = False

    @classmethod
    def started(cls, request: Request, known: Answers) -> WholeRound:
        """Start one, with answers of disclosure control that were found before."""
        own, other = _SPAWN.Pipe()
        taken, given = _SPAWN.Pipe(duplex=False)
        process = _SPAWN.Process(target=work_whole, args=(request, taken, other), daemon=True)
        process.start()
        other.close()
        taken.close()
        # Answers are large, and are not taken before the other end has loaded what it needs.
        # Nobody waits for that: whoever saves a file meanwhile is heard.
        Thread(target=_give, args=(given, known), daemon=True).start()
        return cls(process, own)

    def end(self) -> None:
        """End it, whatever it is doing; nobody waits until its memory is free."""
        self.process.kill()
        self.connection.close()


def _give(connection: Connection, known: Answers) -> None:
    """Pass answers on, unless the process has been ended."""
    with connection, suppress(OSError):
        connection.send(known)


def work(request: Request, known: Answers, connection: Connection) -> None:
    """Make the round, send it as ``Made`` (or ``Wrong``), then answer until nobody asks."""
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            explainer = _make(connection, request, known)
        except PublishError as error:
            connection.send(Wrong.of(error))
            return
        except Exception as error:  # noqa: BLE001  # whatever it is, somebody must hear of it
            connection.send(unexpected(error))
            return
        while True:
            question = connection.recv()
            connection.send(_answer(explainer, question))


def _make(connection: Connection, request: Request, known: Answers) -> Explainer:
    @contextmanager
    def stage(name: str) -> Iterator[_Unheard]:
        connection.send(Working(_STAGES[name]))
        yield _Unheard()

    wanted = task(request.round, sources_of(request))
    base = ground(request.out, wanted, touch=False)
    planned = plan(wanted, base.earlier)
    bases = {table.id: basis(planned, table) for table in wanted.tables}
    built = as_built(request.out / wanted.round.name, wanted, base, planned)
    answers: Answers = {}
    if built is None:
        made = figures(wanted, base, stage, hand_over=False, known=known)
        built = Built(made.cubes, made.protected.universes, made.report)
        answers = made.protected.answers
    report = without_figures(built.report)
    connection.send(Made(tuple(map(Passed.of, built.cubes)), bases, report, answers))
    return Explainer.of(
        {cube.table.id: cube for cube in built.cubes},
        built.universes,
        wanted.round.vintage,
        wanted.catalogue,
        base.shown.universes if base.shown else (),
    )


class _Unheard:
    """Takes what a stage has found, which nobody waits for."""

    def __call__(self, text: str) -> None:
        """Nothing comes of it."""

    def progress(self, done: int, of: int) -> None:
        """Nothing comes of it."""


def _answer(known: Explainer, question: Question) -> Answer:
    try:
        return Answer(question.number, known.cell(question.table, question.cell))
    except UsageError as error:
        return Answer(question.number, None, str(error))
    except Exception as error:  # noqa: BLE001  # whoever waits must hear of it
        return Answer(question.number, None, unexpected(error).message)
