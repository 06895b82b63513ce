"""Drafts made anew as files are saved: only what has changed, and what is looked at first.

A table's figures come from the whole round, protected together, as they will be published. When
a spec is saved, measures whose figures are as they were get their new words; the others are
counted at once and protected by themselves, until the whole round has been made again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from time import monotonic

from kostra_publish.disclosure.protection import Answers
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.drafting.basis import Basis
from kostra_publish.drafting.composing import compose
from kostra_publish.drafting.glance import glance
from kostra_publish.drafting.request import Request
from kostra_publish.drafting.standing import Standing
from kostra_publish.drafting.unexpected import unexpected
from kostra_publish.drafting.whole import Made, WholeRound
from kostra_publish.drafts import (
    Answer,
    Looked,
    Question,
    Report,
    Saved,
    Update,
    Working,
    Wrong,
    collect_seldom,
)
from kostra_publish.errors import PublishError
from kostra_publish.releases.passing import Passed

_QUIET = 1.0
"""Seconds after which it is taken that nothing more is saved for now."""
_BREATH = 0.4
"""Seconds that whoever looks at a table that has just been sent has the machine for himself."""
_ENDED = Wrong(
    "the process that makes the whole round was ended by something else",
    fix="Save any file, and it is made again; it may want more memory.",
)
_NOT_YET = "Hele runden skjermes nå. Spør igjen når den er ferdig."


@dataclass(frozen=True, eq=False)
class _Shown:
    """Figures of a measure: what they were made on, where they are, and how they are protected."""

    basis: Basis
    cube: SafeCube
    is_settled: bool


@dataclass(eq=False)
class Maker:
    """Makes drafts for whoever is at the other end of ``connection``, until it hangs up."""

    connection: Connection
    request: Request
    standing: Standing | None = None
    """What drafts are made of now; None while the specs have never held together."""
    whole: WholeRound | None = None
    shown: dict[tuple[str, str], _Shown] = field(default_factory=dict)
    """The newest figures by table and measure."""
    looked_at: dict[str, None] = field(default_factory=dict)
    """Tables that somebody has looked at, the last one last."""
    answers: Answers = field(default_factory=dict)
    """What disclosure control found last."""
    checked: set[str] = field(default_factory=set)
    """SHA-256 of data files that keep their contracts."""
    whole_due: float | None = None
    """When the whole round is to be made, unless something is saved before; None: it is made."""
    pending: dict[str, None] = field(default_factory=dict)
    """Tables with measures to be counted, in that order."""
    others_due: float = 0.0
    """When those of them that nobody has looked at may be counted."""
    wrong: Wrong | None = None
    """What is wrong with the specs that were saved last; None: drafts are made of them."""

    def run(self) -> None:
        """Make the first draft, then do as is asked."""
        self._tried(self._begin)
        with suppress(EOFError, BrokenPipeError, ConnectionResetError):
            while True:
                ends = [self.connection, *([self.whole.connection] if self.whole else [])]
                for end in wait(ends, timeout=self._patience):
                    if end is self.connection:
                        self._asked()
                    elif self.whole and end is self.whole.connection:
                        # What was just asked may have ended it.
                        self._from_whole()
                if self.connection.poll() or self._patience != 0:
                    continue
                if self.pending:
                    self._tried(self._count_next)
                else:
                    self._make_whole()
        self._end_whole()

    @property
    def _patience(self) -> float | None:
        """Seconds to wait for something new; with work to do at once, none.

        Of specs that do not hold together no round is made.
        """
        if self.pending:
            due = 0.0 if next(iter(self.pending)) in self.looked_at else self.others_due
        elif self.whole_due is None or self.wrong:
            return None
        else:
            due = self.whole_due
        return max(due - monotonic(), 0)

    def _tried(self, step: object, *arguments: object) -> None:
        """Do a step; what is wrong is told, and the last good draft stays."""
        try:
            step(*arguments)  # type: ignore[operator]  # a method of this class
        except PublishError as error:
            self.pending.clear()
            self.connection.send(Wrong.of(error))
            self._rest()

    # --- what is asked ------------------------------------------------------------------

    def _asked(self) -> None:
        match self.connection.recv():
            case Saved(specs=False, data=False):
                self._try_again()
            case Saved(specs=specs, data=data):
                self._tried(self._renew if self.standing else self._begin, specs, data)
            case Looked(table=table):
                self._look(table)
            case Question() as question:
                self._question(question)
            case _:
                raise EOFError

    def _look(self, table: str) -> None:
        self.looked_at.pop(table, None)
        self.looked_at[table] = None
        if self.standing and table in self.standing.own and self._lacking(table):
            self._put_first([table])

    def _question(self, question: Question) -> None:
        if self.whole and self.whole.is_made:
            self.whole.connection.send(question)
        else:
            self._try_again()
            self.connection.send(Answer(question.number, None, _NOT_YET))

    # --- from saved files to drafts -------------------------------------------------------

    def _begin(self, _specs: bool = True, _data: bool = True) -> None:  # noqa: FBT001, FBT002
        self.standing = Standing.read(self.request)
        carried = [one for name, one in self.standing.earlier.items() if not self._is_own(name)]
        self._send(carried, previous=tuple(map(Passed.of, self.standing.earlier.values())))
        self._put_off_whole()
        self._put_first([name for name in self.looked_at if self._is_own(name)])

    def _renew(self, specs: bool, data: bool) -> None:  # noqa: FBT001
        """Take in what was saved."""
        before = self._now
        now = self._read() if specs else before
        changed = now.changed_since(before)
        refigured = [name for name in now.own if before.bases.get(name) != now.basis(name)]
        self.standing = now
        if data:
            self.shown.clear()
        if refigured or data or not now.is_as(before):
            self._put_off_whole()
        else:
            self._try_again()
        composed = [cube for name in changed if (cube := self._composed(name)) is not None]
        order = [*reversed(self.looked_at), *([] if data else (*refigured, *self.pending))]
        self.pending = {name: None for name in order if name in now.own and self._lacking(name)}
        # What is counted next comes with the new specs, too.
        if composed or not self.pending:
            self._send(composed)

    def _read(self) -> Standing:
        """The specs that were saved; what is wrong with them stands until they are mended."""
        try:
            found = self._now.renewed()
        except PublishError as error:
            self.wrong = Wrong.of(error)
            raise
        self.wrong = None
        return found

    def _put_first(self, tables: Collection[str]) -> None:
        self.pending = dict.fromkeys([*tables, *self.pending])

    def _count_next(self) -> None:
        """Count what is lacking of the next table, and send it."""
        name = next(iter(self.pending))
        del self.pending[name]
        table = self._now.own.get(name)
        if table is None:
            return
        lacking = self._lacking(name)
        if lacking:
            self.connection.send(Working(f"Teller {name}"))
            now, basis = self._now, self._now.basis(name)
            cube = glance(now.plan_of, table, lacking, now.round, self.request.data, self.checked)
            for code in lacking:
                self.shown[name, code] = _Shown(basis, cube, is_settled=False)
        if (made := self._composed(name)) is not None:
            self._send([made])
        if not self.pending:
            self._rest()
            if self.whole_due is not None:
                self.whole_due = monotonic() + _QUIET

    def _rest(self) -> None:
        """Nothing more is counted for now."""
        self.connection.send(Working(self.whole.doing if self.whole else ""))

    def _lacking(self, name: str) -> list[str]:
        """The measures of a table of the round whose figures are not those of its spec."""
        basis = self._now.basis(name)
        return [code for code in basis.measures if not self._stands(name, code, basis)]

    def _stands(self, name: str, code: str, basis: Basis) -> bool:
        shown = self.shown.get((name, code))
        return shown is not None and basis.shares(shown.basis, code)

    def _composed(self, name: str) -> SafeCube | None:
        """A table as it is now; None where figures of it are still lacking."""
        now = self._now
        if name not in now.own:
            return now.earlier.get(name)
        if self._lacking(name):
            return None
        parts = {code: self.shown[name, code].cube for code in now.basis(name).measures}
        return compose(now.plan_of(now.own[name]), now.own[name], parts, now.earlier.get(name))

    # --- the whole round ------------------------------------------------------------------

    def _put_off_whole(self) -> None:
        """What the whole round was made of is no more: it is made when nothing is saved a while.

        Until then whoever waits for a table has the machine for himself.
        """
        self._end_whole()
        self.whole_due = monotonic() + _QUIET

    def _try_again(self) -> None:
        """Make the whole round again if it could not be made: what was wrong may be mended."""
        if self.whole is None and self.whole_due is None and self.standing:
            self._put_off_whole()

    def _make_whole(self) -> None:
        self.whole_due = None
        self.whole = WholeRound.started(self.request, self.answers)
        self.connection.send(Working(self.whole.doing))

    def _end_whole(self) -> None:
        if self.whole:
            self.whole.end()
        self.whole = None

    def _from_whole(self) -> None:
        assert self.whole is not None  # noqa: S101  # only then is its end waited for
        try:
            message = self.whole.connection.recv()
        except EOFError:
            if self.whole.is_made:
                # It is made again when somebody asks why a figure is hidden.
                self._end_whole()
                return
            message = _ENDED
        match message:
            case Made() as made:
                self._take(made)
            case Working(text=text):
                self.whole.doing = text
                if not self.pending:
                    self.connection.send(message)
            case Wrong():
                self._end_whole()
                self.connection.send(message)
                self._rest()
            case _:
                self.connection.send(message)

    def _take(self, made: Made) -> None:
        """The whole round is there: its figures are those that will be published."""
        assert self.whole is not None  # noqa: S101
        self.whole.is_made, self.whole.doing = True, ""
        # A round that was built already has none.
        self.answers = made.answers or self.answers
        for passed in made.cubes:
            cube, name = passed.cube, passed.table.id
            for code in made.bases[name].measures if name in made.bases else ():
                self.shown[name, code] = _Shown(made.bases[name], cube, is_settled=True)
        composed = [self._composed(name) for name in self._now.tables]
        self._send([cube for cube in composed if cube is not None], complete=True)
        self.connection.send(Report(made.report))
        self.connection.send(Working(""))

    # --- what is sent ---------------------------------------------------------------------

    def _send(
        self,
        cubes: Collection[SafeCube],
        *,
        previous: tuple[Passed, ...] | None = None,
        complete: bool = False,
    ) -> None:
        now = self._now
        if any(cube.table.id in self.looked_at for cube in cubes):
            self.others_due = monotonic() + _BREATH
        self.connection.send(
            Update(
                # Where in its file something stands is asked of the maker alone.
                catalogue=replace(now.catalogue, documents={}),
                release=now.release,
                tables=tuple(now.tables.values()),
                cubes=tuple(map(Passed.of, cubes)),
                interim=dict(self._interim(cubes)),
                previous=previous,
                previous_name=now.previous,
                complete=complete,
            )
        )
        if self.wrong:
            self.connection.send(self.wrong)

    def _interim(self, cubes: Collection[SafeCube]) -> Iterator[tuple[str, frozenset[str]]]:
        for cube in cubes:
            name = cube.table.id
            codes = [measure.code for measure in cube.table.measures]
            yield (
                name,
                frozenset(
                    code
                    for code in codes
                    if (shown := self.shown.get((name, code))) and not shown.is_settled
                ),
            )

    @property
    def _now(self) -> Standing:
        assert self.standing is not None  # noqa: S101  # nothing is made before it is read
        return self.standing

    def _is_own(self, name: str) -> bool:
        return name in self._now.own


def work(request: Request, connection: Connection) -> None:
    """Make drafts in a process of its own, until the other end hangs up.

    What goes wrong unexpectedly is told by where it happened: its message may hold a value.
    """
    try:
        collect_seldom()
        Maker(connection, request).run()
    except Exception as error:  # noqa: BLE001  # whatever it is, somebody must hear of it
        with suppress(OSError):
            connection.send(unexpected(error))
