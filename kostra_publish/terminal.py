"""How the command line looks: progress, summaries, lists and errors."""

from __future__ import annotations

import codecs
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast
from unicodedata import normalize

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from kostra_publish.errors import PublishError, ReleaseError, UsageError

if TYPE_CHECKING:
    import polars as pl
    from rich.console import JustifyMethod

    from kostra_publish.auditing import Audit, Proof
    from kostra_publish.checking import InputReport, SpecReport
    from kostra_publish.deriving import Derivation
    from kostra_publish.explaining import Explanation
    from kostra_publish.loading import Validated
    from kostra_publish.making import Say
    from kostra_publish.microdata.filuttrekk import ImportResult
    from kostra_publish.nav.delivery_log import Line as Delivered
    from kostra_publish.nav.opening import Verified
    from kostra_publish.nav.receipts import Received
    from kostra_publish.nav.sealing import Sealed
    from kostra_publish.outputs.comparison.facts import Comparison
    from kostra_publish.outputs.protection import PolicyCosts
    from kostra_publish.outputs.quality import CheckResult, RuleCount
    from kostra_publish.publication import Summary
    from kostra_publish.releases.life import Standing, Standings
    from kostra_publish.releases.verdict import QualityVerdict
    from kostra_publish.releasing import Planned
    from kostra_publish.scaffolding import Scaffold
    from kostra_publish.specs.catalogue import Catalogue

_NAME_WIDTH = 28
_FEW = 4
"""How many tables of a round are named; more are counted."""
_COUNTS = ("Cells", "Known", "Small", "Differ", "Found")
_LABEL = 16
"""The least width of the names of what is told of a figure."""
_SHOWN = 25
"""How many changed cells, and changes of texts and codes, are printed; the rest are counted."""


_PLAIN = {"✓": "ok", "…": "...", "–": "-", "—": "-", "×": "x", "’": "'", "«": '"', "»": '"'}
_PLAIN |= {"−": "-", **dict(zip("▁▂▃▄▅▆▇█", "_.,-=+*#", strict=True))}
_PLAIN |= {"æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ŋ": "n", "Ŋ": "N"}
"""What is printed where the encoding of the output lacks a character."""


def console(*, quiet: bool = False, stderr: bool = False) -> Console:
    """Where a verb prints; lines are broken in a terminal only."""
    made = Console(quiet=quiet, stderr=stderr)
    made.soft_wrap = not made.is_terminal
    return made


def print_what_can_be() -> None:
    """From here on, what the encoding of the output lacks is printed as something like it."""
    codecs.register_error("kostra_publish.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="kostra_publish.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter) or _bare(letter) for letter in lacking), error.end


def _bare(letter: str) -> str:
    """A letter without its accents, in ASCII; a question mark where there is none."""
    parts = normalize("NFKD", letter)
    return "".join(part for part in parts if part.isascii()) or "?"


def _show(console: Console, table: Table) -> None:
    """Print a table whole: in a terminal cells are broken over lines, elsewhere a row is a line."""
    if console.is_terminal:
        for column in table.columns:
            column.overflow = "fold"
        console.print(table)
        return
    if table.title:
        console.print(Text(str(table.title)))
    columns = [
        [*([column.header] if table.show_header else []), *column.cells] for column in table.columns
    ]
    rows = [[_words(cell) for cell in row] for row in zip(*columns, strict=True)]
    for line in aligned(rows, [column.justify == "right" for column in table.columns]):
        console.print(Text(line))


def aligned(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> Iterator[str]:
    """A line for each row, its columns as wide as their widest text; ``right`` ones end alike."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=True)
        ).rstrip()


def _words(cell: RenderableType) -> str:
    return Text.from_markup(cell).plain if isinstance(cell, str) else str(cell)


class _Heard:
    """What a stage has said; how much of it is done stands beside its name as a bar."""

    def __init__(self, spinner: Spinner, live: Live) -> None:
        self.spinner, self.live = spinner, live
        self.texts: list[str] = []

    def __call__(self, text: str) -> None:
        """Keep what was found, for the line of the stage."""
        self.texts.append(text)

    def progress(self, done: int, of: int) -> None:
        """Show how much is done."""
        bar = ProgressBar(total=of, completed=done, width=30)
        row = Table.grid(padding=(0, 1))
        row.add_row(self.spinner, bar, f"{done:,} of {of:,}")
        self.live.update(row)


class Progress:
    """A line for each stage: its name, what it found, and how long it took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._started = perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            seconds = perf_counter() - self._started
            self.console.print(f"[dim]{'Time':<{_NAME_WIDTH}} {seconds:.1f} s[/dim]")

    @contextmanager
    def stage(self, name: str) -> Iterator[Say]:
        """Show ``name`` while it runs, then a line with what was said and the time."""
        started = perf_counter()
        dots = "dots" if self.console.encoding.startswith("utf") else "line"
        spinner = Spinner(dots, text=Text(f" {name} …"))
        with Live(spinner, console=self.console, transient=True) as live:
            said = _Heard(spinner, live)
            yield said
        seconds = f"{perf_counter() - started:.1f} s"
        found = escape(", ".join(said.texts))
        self.console.print(
            f"[green]✓[/green] {name:<{_NAME_WIDTH - 2}} {found} [dim]{seconds}[/dim]"
        )

    def note(self, text: str) -> None:
        """Print one line about what goes on."""
        self.console.print(f"[dim]{escape(text)}[/dim]")


def print_summary(console: Console, summary: Summary) -> None:
    """What was published, and where to look."""
    table = Table.grid(padding=(0, 2))
    table.add_row("Tables", f"{summary.tables}")
    table.add_row("Cells", f"{summary.cells:,}")
    for sign, count in summary.signs.items():
        table.add_row(f"Cells with {sign}", f"{count:,}")
    table.add_row("Files", f"{summary.files:,}")
    table.add_row("Earlier figures from", summary.previous or "no earlier release")
    if summary.correction:
        table.add_row("Corrects", summary.correction)
    table.add_row("Built", str(summary.folder))
    _show(console, table)
    _print_verdict(console, summary.quality)
    _print_handover(console, summary)
    if not summary.is_look and not summary.quality.failed_blocking:
        console.print(f"Next: kostra-publish approve {summary.folder.name} --by NAME", markup=False)
    if summary.synthetic:
        console.print("[bold]Synthetic data (syntetiske data): not official figures.[/bold]")


def _print_handover(console: Console, summary: Summary) -> None:
    for one in summary.sealed:
        print_sealed(console, one)
    if summary.packages and not summary.sealed:
        names = ", ".join(one.name for one in summary.packages)
        build = f"kostra-publish nav build {summary.folder.name} --to FILE --sign FILE"
        console.print(f"To be handed over: {names}. To seal them: {build}", markup=False)


def print_previewed(console: Console, name: str, address: str) -> None:
    """Where a draft of a round can be seen."""
    console.print(f"{name} can be seen at [bold]{address}[/bold]", highlight=False)
    console.print("Saved specs, templates and data are taken in at once. Ctrl-C ends it.")


def origins(texts: Sequence[str]) -> tuple[str, ...]:
    """Origins of pages, as a browser says them.

    Raises UsageError for what is none: a path or a wildcard would never match.
    """
    for text in texts:
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?|https?://\[[0-9a-f:]+\](:\d+)?", text):
            raise UsageError(
                f"{text!r} is no origin", fix="Write scheme, name and port: http://localhost:3000."
            )
    return tuple(texts)


def print_rounds(console: Console, catalogue: Catalogue, planned: Sequence[Planned]) -> None:
    """The calendar, a round to a row."""
    table = Table("Round", "Published", "Årgang", "Figures", "What", "Tables", "State")
    for one in planned:
        current = one.round
        tables = [each.id for each in catalogue.tables.values() if current.publishes(each)]
        wanted = ", ".join(tables) if len(tables) <= _FEW else f"{len(tables)}"
        table.add_row(
            current.name,
            f"{current.published_at:%Y-%m-%d %H:%M}",
            str(current.vintage),
            "preliminary" if current.preliminary else "final",
            f"correction: {current.correction.reason.nb}"
            if current.correction
            else current.title.nb,
            wanted,
            _state(one),
        )
    _show(console, table)


def _state(one: Planned) -> str:
    if one.standing is None:
        return "-"
    standing = one.standing
    when = [line.time for line in standing.lines if line.step == standing.state]
    zone = one.round.published_at.tzinfo
    said = standing.state + (f" {when[-1].astimezone(zone):%Y-%m-%d %H:%M}" if when else "")
    return f"{said}, current" if one.is_current else said


def print_released(console: Console, found: Standing) -> None:
    """What everybody sees from now on."""
    console.print(
        f"[green]✓[/green] {found.name} is released: {escape(str(found.folder))}", highlight=False
    )
    console.print(f"  SHA-256 of its manifest {found.manifest_sha256}", highlight=False)


def print_withdrawn(console: Console, name: str, found: Standings) -> None:
    """What everybody sees now that a release is taken back."""
    now = f"{found.current.name} is current" if found.current else "no release is current"
    console.print(f"[green]✓[/green] {name} is withdrawn; {now}", highlight=False)


def print_verified(console: Console, found: Standing) -> None:
    """That nothing was altered, and what the log tells."""
    console.print(
        f"[green]✓[/green] {found.name}: {len(found.manifest.outputs):,} files as they were"
        " written, nothing missing, nothing extra",
        highlight=False,
    )
    clock = found.manifest.calendar.on_the_clock
    for line in found.lines:
        who = f" by {line.by}" if line.by else ""
        found_by = "" if line.violations is None else f", {line.violations} violations"
        console.print(
            f"  line {line.number}: {line.step} {clock(line.time)}{who}{found_by}",
            highlight=False,
        )


def _print_verdict(console: Console, verdict: QualityVerdict) -> None:
    """What the quality checks concluded: a line for each that failed."""
    for check in verdict.failed_blocking:
        line = f"Quality: {check.name} failed, and is blocking ({check.title})"
        console.print(Text(line, style="red"), soft_wrap=True)
    if verdict.failed_blocking:
        console.print("This release is not for release: see internal/quality.html in it.")
    count = len(verdict.warnings)
    if count:
        names = ", ".join(check.name for check in verdict.warnings)
        noun = "warning" if count == 1 else "warnings"
        console.print(Text(f"Quality: {count} {noun} ({names})", style="yellow"), soft_wrap=True)


def print_specs(console: Console, report: SpecReport) -> None:
    """What the specs hold, and what in them could not be confirmed."""
    console.print(
        f"[green]✓[/green] {report.tables} tables with {report.measures} measures, "
        f"{report.discontinued} discontinued tables: no errors in {escape(str(report.folder))}"
    )
    if not report.provisional:
        return
    table = Table("Table", "What could not be confirmed", "Codes", title="Provisional")
    for table_id, what, codes in report.provisional:
        table.add_row(table_id, what, codes)
    _show(console, table)


def print_inputs(console: Console, report: InputReport) -> None:
    """The files of a round, who has not reported, and what control rules would have stopped."""
    files = Table("File", Column("Rows", justify="right"), "SHA-256", title="Inputs")
    for file in report.files:
        files.add_row(file.name, f"{file.rows:,}", (file.sha256 or "not known")[:12])
    _show(console, files)
    missing = Table(
        "Form",
        Column("Missing", justify="right"),
        Column("None to report", justify="right"),
        "Kommuner without a report",
        title="Reports",
    )
    for reports in report.missing:
        names = ", ".join(f"{name} ({code})" for code, name in reports.missing)
        missing.add_row(reports.skjema, f"{len(reports.missing)}", f"{reports.none}", names)
    _show(console, missing)
    if report.rules:
        _show(console, _rules(report.rules))
    else:
        console.print("No record would have been stopped by a control rule.")
    if report.checks:
        _show(console, _checks(report.checks))


def _checks(checks: Sequence[CheckResult]) -> Table:
    title = "Quality checks that need no earlier round"
    table = Table("Check", "Severity", "Result", "What it found", title=title)
    for check in checks:
        result = "passed" if check.passed else "failed"
        table.add_row(check.name, check.severity, result, escape(check.summary))
    return table


def _rules(rules: Sequence[RuleCount]) -> Table:
    table = Table(
        "Form",
        "Rule",
        "Severity",
        Column("Records", justify="right"),
        Column("Kommuner", justify="right"),
        "Most in",
        "What it says",
        title="Control rules that records would not have passed",
    )
    for counts in rules:
        most = ", ".join(f"{kommune} ({count})" for kommune, count in counts.kommuner[:3])
        table.add_row(
            counts.skjema,
            counts.rule,
            counts.severity,
            f"{counts.records:,}",
            f"{len(counts.kommuner)}",
            most,
            counts.text,
        )
    return table


def print_import(console: Console, result: ImportResult) -> None:
    """What was imported."""
    console.print(
        f"[green]✓[/green] {result.rows:,} records of {result.kommuner} kommuner "
        f"in {escape(str(result.path))}"
    )
    if result.delivered:
        console.print(f"Delivered {result.delivered}: earlier rounds pass it over.")
    else:
        console.print("No date of delivery: it counts in every round.")
    if result.synthetic:
        console.print("[bold]Synthetic data (syntetiske data).[/bold]")


def print_protected(
    console: Console, statuses: pl.Series, tried: Sequence[str], path: Path
) -> None:
    """How many cells are published and hidden, and what was tried on them."""
    counts = dict(statuses.value_counts().iter_rows())
    console.print(
        f"[green]✓[/green] {counts.get('P', 0):,} cells published, {counts.get('U', 0):,} hidden "
        f"because they are small, {counts.get('S', 0):,} to protect those, in {escape(str(path))}"
    )
    for line in tried:
        console.print(f"  {line}", highlight=False)


def print_costs(console: Console, costs: Sequence[PolicyCosts], paths: Sequence[Path]) -> None:
    """Figures hidden besides the small ones, by guarantee, and where the report is."""
    for title, tables in (
        ("Hidden besides small figures, guarantee by guarantee", [one.guarantees for one in costs]),
        ("Hidden besides small figures, by least interval", [one.widths for one in costs]),
    ):
        names = list(dict.fromkeys(name for table in tables for name in table or ()))
        shown = Table("Figures of", *(Column(name, justify="right") for name in names), title=title)
        for one, table in zip(costs, tables, strict=True):
            if table is not None:
                cells = (f"{pair[0]:,}" if pair else "cannot be" for pair in table.values())
                shown.add_row(f"{one.name}, {one.kind}", *cells)
        _show(console, shown)
    print_paths(console, paths)


def print_explained(console: Console, found: Explanation) -> None:
    """Each figure with its sign, and below it why it shows that."""
    for one in found.told:
        more = f" (and {one.count - 1:,} more for the same reason)" if one.count > 1 else ""
        console.print(Text(f"{one.name} {one.sign}".rstrip() + more, style="bold"), soft_wrap=True)
        for line in one.lines:
            console.print(Text(f"  {line}"), soft_wrap=True)
    signs = "".join(f", {count:,} show {sign}" for sign, count in sorted(found.signs.items()))
    told = sum(one.count for one in found.told)
    noun = "figure" if found.count == 1 else "figures"
    console.print(f"{found.count:,} {noun} asked for{signs}; {told:,} explained", highlight=False)


def print_derivation(console: Console, found: Derivation) -> None:
    """How a figure is made, section by section, and the numbers of a region below."""
    sections = [*found.sections, *([found.region] if found.region else [])]
    for number, section in enumerate(sections):
        console.print(Text(("\n" if number else "") + section.title, style="bold"))
        table = Table.grid(Column(min_width=_LABEL, no_wrap=True), "", padding=(0, 2, 0, 0))
        for row in section.rows:
            for line_number, line in enumerate(row.lines):
                name = "" if line_number else f"  {row.name}"
                table.add_row(escape(name.ljust(_LABEL)), escape(line))
        _show(console, table)
    if found.years:
        justified = ["right" if one else "left" for one in found.years.numbers]
        columns = zip(found.years.columns, justified, strict=True)
        years = Table(
            *(Column(name, justify=cast("JustifyMethod", how)) for name, how in columns),
            box=None,
            padding=(0, 1, 0, 0),
        )
        for cells in found.years.rows:
            years.add_row(*map(escape, cells))
        console.print()
        _show(console, years)


def print_scaffold(console: Console, made: Scaffold) -> None:
    """The spec that was written, and what to do with it."""
    print_written(console, made.path)
    if made.rounds:
        when = f"It is in the rounds {', '.join(made.rounds)}: the next `publish` of one has it."
    else:
        when = "It is in no round: it is previewed and published when `rounds` names one."
    page = f"http://127.0.0.1:8765/tabell/{made.table}"
    for line in (
        when,
        "Next:",
        f"  1. Write title and names in {made.path}, and take examples in use.",
        f"  2. See it while you write, at {page}: kostra-publish preview --data data/ --out out/",
        "  3. kostra-publish check",
    ):
        console.print(Text(line), soft_wrap=True)


def print_proofs(console: Console, proofs: Sequence[Proof]) -> None:
    """What the certificates of releases prove; never a figure."""
    table = Table("Release", "Universe", *(Column(n, justify="right") for n in ("Small", "Proven")))
    for one in proofs:
        table.add_row(one.release, one.universe, f"{one.small:,}", f"{one.proven:,}")
    _show(console, table)
    console.print(
        "Every hidden small cell has another value in some other table that fits all that is "
        "shown.",
        highlight=False,
    )


def print_audit(console: Console, audit: Audit) -> None:
    """What was tried on released files, and the verdict; never a figure."""
    console.print(
        f"Read {audit.files:,} files of {', '.join(audit.releases)}: {audit.figures:,} figures in "
        f"{audit.tables} tables, {audit.texts:,} texts with digits",
        highlight=False,
    )
    for release in audit.unread:
        console.print(
            f"[yellow]The texts of {release} were not looked at: it was published with other "
            "table specs. Name them with --specs.[/yellow]"
        )
    table = Table(
        "Releases",
        "Universe",
        *(Column(name, justify="right") for name in _COUNTS),
        "Tried",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for attack in audit.attacks:
        differences = "" if attack.differences is None else f"{attack.differences:,}"
        counts = f"{attack.cells:,}", f"{attack.known:,}", f"{attack.small:,}", differences
        found = sum(count for count, _ in attack.found.values())
        how = "all" if attack.in_full else "algebra"
        table.add_row("+".join(attack.releases), attack.universe, *counts, f"{found:,}", how)
    _show(console, table)
    console.print(
        "Known: what figures in files rest on. Small: what must not be found. Tried: linear "
        "algebra, or all: intervals by linear programming and insiders too.",
        style="dim",
    )
    if not audit.leaks:
        console.print("[green]✓[/green] Nothing was found: 0 violations.", highlight=False)


def print_comparison(console: Console, comparison: Comparison, *, cells: bool) -> None:
    """What differs between two releases: the summary, then texts and codes, then cells if asked."""
    names = f"{comparison.before} and {comparison.after}"
    if comparison.empty:
        console.print(
            f"[green]✓[/green] Nothing differs between {names}: {comparison.compared:,} cells in "
            f"{len(comparison.tables)} tables, and their texts, codes and units.",
            highlight=False,
        )
        return
    console.print(
        f"{comparison.changed:,} of {comparison.compared:,} cells differ between {names}, and "
        f"{len(comparison.said):,} texts and codes",
        highlight=False,
    )
    _show(console, _by_table(comparison))
    if comparison.said:
        _print_said(console, comparison)
    if cells:
        _print_cells(console, comparison)
    if comparison.synthetic:
        console.print("[bold]Synthetic data (syntetiske data): not official figures.[/bold]")


def _by_table(comparison: Comparison) -> Table:
    from kostra_publish.outputs.comparison import tallies, words  # noqa: PLC0415

    found = tallies.kinds(comparison)
    columns = ["Differ", *(words.KIND["en"][kind] for kind in found), "Texts", "Cells"]
    table = Table(
        "Table",
        *(Column(name, justify="right") for name in columns),
        box=None,
        padding=(0, 1, 0, 0),
    )
    said = Counter(change.table for change in comparison.said)
    for one in comparison.tables:
        counts = one.counts()
        numbers = [one.cells.height, *(counts[kind] for kind in found), said[one.table]]
        table.add_row(
            one.table, *(f"{count:,}" if count else "" for count in numbers), f"{one.compared:,}"
        )
    return table


def _print_said(console: Console, comparison: Comparison) -> None:
    """Changes of texts and codes, those of most tables first; told once for all of these."""
    from kostra_publish.outputs.comparison import tallies, words  # noqa: PLC0415

    console.print("\nTexts and codes", style="bold")
    found = tallies.same_said(comparison)
    for change, tables in found[:_SHOWN]:
        where = f"{len(tables)} tables" if len(tables) > 3 else ", ".join(tables)
        what = f"{words.part(change, 'en')} {words.about(change)}".rstrip()
        console.print(
            Text(f"{where or 'list of tables'}: {what} {words.SAID['en'][change.kind]}"),
            soft_wrap=True,
        )
        for sign, texts in (("-", change.before), ("+", change.after)):
            if texts:
                console.print(Text(f"  {sign} {words.said_first(texts, 'en')}"), soft_wrap=True)
    _print_more(console, len(found) - _SHOWN)


def _print_cells(console: Console, comparison: Comparison) -> None:
    """The first changed cells, with value or sign before and after."""
    from kostra_publish.outputs.comparison import tallies, words  # noqa: PLC0415

    table = Table(
        *("Table", "Region", "Measure", "Others", "Year", "Change"),
        *(Column(name, justify="right") for name in ("Before", "After")),
        box=None,
        padding=(0, 1, 0, 0),
    )
    left = _SHOWN
    for one in comparison.tables:
        for cell in tallies.in_words(one, one.cells.head(left)):
            values = (
                value if isinstance(value, str) else f"{value:,.{cell.decimals}f}"
                for value in ("" if each is None else each for each in (cell.before, cell.after))
            )
            place = (one.table, cell.region, cell.measure, cell.others, cell.year)
            table.add_row(*map(escape, place), words.KIND["en"][cell.kind], *values)
        left -= min(left, one.cells.height)
    console.print("\nCells", style="bold")
    _show(console, table)
    _print_more(console, comparison.changed - _SHOWN)


def _print_more(console: Console, count: int) -> None:
    if count > 0:
        console.print(f"and {count:,} more: --out writes all", style="dim", highlight=False)


def print_sealed(console: Console, sealed: Sealed) -> None:
    """A package that is in place, and to whom."""
    line = sealed.line
    done = "is sealed" if sealed.is_new else "was sealed before, and is left as it is"
    console.print(
        f"[green]✓[/green] {line.package} {done}: {escape(str(sealed.files.folder))}",
        highlight=False,
    )
    console.print(f"  SHA-256 of its manifest {line.content_sha256}", highlight=False)
    console.print(f"  signed by {line.signer}, encrypted to", highlight=False)
    for key in line.recipients:
        console.print(Text(f"    {key}"), soft_wrap=True)


def print_package(console: Console, found: Verified) -> None:
    """What was looked at in a package, when nothing was found."""
    if found.findings or found.comment is None:
        return
    comment = found.comment
    console.print(
        f"[green]✓[/green] {comment.package} of the release {comment.release}: "
        f"signed by {found.signer.number}, not altered",
        highlight=False,
    )
    console.print(f"  SHA-256 of its manifest {comment.manifest_sha256}", highlight=False)
    if found.logged:
        console.print(f"  line {found.logged.number} of the delivery log", highlight=False)
    if found.opened is None:
        console.print("  not opened: --identity looks at what is in it", highlight=False)
    else:
        console.print(
            f"  {found.opened:,} files in it as they were sealed, nothing missing, nothing extra",
            highlight=False,
        )
    if found.in_plain:
        console.print(f"  the same in {escape(str(found.in_plain))}", highlight=False)


def print_deliveries(console: Console, lines: Sequence[Delivered], form: str) -> None:
    """The log of packages: as a table, or all of it as CSV or JSON."""
    rows = [line.model_dump(mode="json") for line in lines]
    if form == "json":
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return
    if form == "csv":
        sys.stdout.write(_csv(rows))
        return
    table = Table("Time", "Step", "Package", "Release", "SHA-256", "Keys", "Who")
    for line in lines:
        table.add_row(
            f"{line.time:%Y-%m-%d %H:%M}Z",
            line.step,
            line.package,
            line.release,
            line.content_sha256[:12],
            str(len(line.recipients)),
            escape(line.by or ""),
        )
    _show(console, table)


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows with the names of their columns; the parts of a list with a semicolon between."""
    text = StringIO()
    if rows:
        writer = csv.DictWriter(text, [*rows[0]], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {
                name: "; ".join(value) if isinstance(value, list) else value
                for name, value in row.items()
            }
            for row in rows
        )
    return text.getvalue()


def print_receipt(console: Console, found: Received) -> None:
    """That a package was received."""
    line = found.line
    done = "" if found.is_new else ", as was logged before"
    console.print(
        f"[green]✓[/green] {line.package} was received by {escape(line.by or 'nobody')}{done}",
        highlight=False,
    )


def print_validated(console: Console, found: Validated) -> None:
    """What is to be looked at in a load file; and that nothing was found, where that is so."""
    for doubt in found.doubts:
        console.print(Text(str(doubt), style="yellow"), soft_wrap=True)
    if not found.findings:
        console.print(
            f"[green]✓[/green] {escape(str(found.path))} fits {escape(found.deltabell)}: "
            f"{found.rows:,} rows, {found.columns} columns",
            highlight=False,
        )


def print_paths(console: Console, paths: Sequence[Path]) -> None:
    """What was written."""
    for path in paths:
        console.print(escape(str(path)), highlight=False)


def print_synthetic(console: Console, out: Path, paths: Sequence[Path]) -> None:
    """What was made."""
    console.print(f"[green]✓[/green] {len(paths):,} files in {escape(str(out))}")
    console.print("[bold]Synthetic data (syntetiske data): no real person is in them.[/bold]")


def print_written(console: Console, path: Path) -> None:
    """A file that was made."""
    console.print(f"[green]✓[/green] {escape(str(path))}", highlight=False)


def print_error(console: Console, error: PublishError) -> None:
    """An error in red, its way out below."""
    console.print(Text(error.message, style="red"), soft_wrap=True)
    if error.fix:
        console.print(Text(error.fix), soft_wrap=True)


def person(name: str) -> str:
    """The name of a person.

    Raises UsageError when there is none.
    """
    return said(name, "--by")


def said(text: str, option: str) -> str:
    """A text of one line.

    Raises UsageError when there is none, or it has several lines.
    """
    if not text.strip() or not text.isprintable():
        raise UsageError(f"{option} says nothing", fix=f"Write it on one line: {option} '…'.")
    return text.strip()


def span(year: int | None, now: datetime) -> tuple[datetime, datetime]:
    """From the first to the last moment of a year; of last year to next year without one."""
    first, last = (now.year - 1, now.year + 1) if year is None else (year, year)
    return datetime(first, 1, 1, tzinfo=UTC), datetime(last, 12, 31, 23, 59, tzinfo=UTC)


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """``NAME=CODE`` texts as names and codes.

    Raises UsageError for anything else.
    """
    parts = [text.partition("=") for text in texts]
    if wrong := [text for text, part in zip(texts, parts, strict=True) if not all(part)]:
        raise UsageError(f"not a category: {wrong[0]}", fix="Write DIMENSION=CODE.")
    return {name.strip(): code.strip() for name, _, code in parts}


def grouped(texts: Sequence[str]) -> dict[str, list[str]]:
    """``NAME=CODE`` texts as the codes of each name.

    Raises UsageError for anything else.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        for name, code in pairs([text]).items():
            found.setdefault(name, []).append(code)
    return found


def tables(
    text: str | None, option: str = "--only", everything: str = "publish the whole round"
) -> tuple[str, ...]:
    """The tables in ``13995,14019``; none where nothing is said of tables.

    Raises UsageError for a text that names none, such as an unset variable of the shell.
    """
    names = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    if text is not None and not names:
        raise UsageError(
            f"{option} names no table: `{text}`",
            fix=f"Name some, such as 13995,14019, or leave {option} out to {everything}.",
        )
    return names


def refuse_unwritable(path: Path) -> None:
    """Say why a file cannot be written, before there is anything to write.

    Raises ReleaseError.
    """
    if not path.parent.is_dir():
        why = f"there is no folder {path.parent}"
    elif path.is_dir():
        why = "it is a folder"
    else:
        try:
            with TemporaryFile(dir=path.parent):
                return
        except OSError as error:
            why = error.strerror or str(error)
    raise ReleaseError(f"{path} cannot be written: {why}", fix="Name another file with --out.")


def years(text: str) -> range:
    """The years in ``2025`` or ``2022-2025``.

    Raises UsageError for anything else.
    """
    match = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", text.strip())
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise UsageError(f"not years: {text}", fix="Write 2025 or 2022-2025.")
    return range(int(match[1]), int(match[2] or match[1]) + 1)
