"""The command line: one function per verb, no logic."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kostra_publish import __version__, terminal
from kostra_publish.errors import PublishError, UsageError

if TYPE_CHECKING:
    from kostra_publish.nav.sealing import Keys

app = typer.Typer(
    name="kostra-publish",
    help="KOSTRA figures for sosialtjenesten: cleaned microdata in, statbank cubes out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Specs = Annotated[
    Path | None,
    typer.Option(
        "--specs", help="The folder of table specs; default: table_specs/ here, else the packaged."
    ),
]
Templates = Annotated[
    Path | None,
    typer.Option(
        "--templates", help="The folder of templates; default: templates/ here, else the packaged."
    ),
]
Data = Annotated[
    str,
    typer.Option("--data", help="The folder of microdata: a path, or an address such as gs://…"),
]
Out = Annotated[Path, typer.Option("--out", help="The folder of releases.")]
Name = Annotated[str, typer.Argument(metavar="RELEASE", help="A release in --out: 2026-06.")]
By = Annotated[str, typer.Option("--by", help="Your name, for the log.")]
Only = Annotated[
    str | None,
    typer.Option("--only", help="Tables for a quick look, such as 13995,14019; not a release."),
]
Language = Literal["nb", "nn", "en"]


def _table_ids(incomplete: str) -> list[str]:
    """For the shell that completes: the tables of the specs here."""
    from kostra_publish.specs import files, folders

    names = (path.stem for path in files.table_files(folders.find("table_specs")))
    return [name for name in names if name.startswith(incomplete)]


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"kostra-publish {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version_asked: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Take the KOSTRA figures of sosialtjenesten from microdata to the public."""


SealTo = Annotated[
    list[Path] | None,
    typer.Option(
        "--to",
        envvar="KOSTRA_NAV_TO",
        help="A file of the receiver's public age keys; may be given several times.",
    ),
]
SealSign = Annotated[
    Path | None,
    typer.Option("--sign", envvar="KOSTRA_NAV_SIGN", help="Your secret minisign key."),
]
SealBy = Annotated[
    str | None, typer.Option("--by", envvar="KOSTRA_NAV_BY", help="Who seals, for the log.")
]


@app.command(
    epilog="**Example:** `kostra-publish publish 2026-03 --data data/ --out out/`",
)
def publish(
    round_name: Annotated[
        str,
        typer.Argument(
            metavar="ROUND", help="A round or a correction of the calendar: 2026-03, 2026-06.1."
        ),
    ],
    data: Data = "data",
    out: Out = Path("out"),
    specs: Specs = None,
    templates: Templates = None,
    only: Only = None,
    to: SealTo = None,
    sign: SealSign = None,
    by: SealBy = None,
    quiet: Quiet = False,
) -> None:
    """Build the release of a round: read, validate, count, suppress, render, write.

    The round 2026-03 publishes the årgang 2025 as foreløpige tall on 15 March 2026 (or the
    Monday after a weekend); 2026-06 publishes it as endelige tall. Earlier årganger are
    carried over from the release before. The release is put in place whole or not at all;
    `approve` and `release` then let everybody see it. What is handed over to NAV is made with
    it, and sealed when keys are named; `nav build` seals it later.
    """
    from kostra_publish import publication
    from kostra_publish.releases import log
    from kostra_publish.specs import folders

    with _sealing_keys(to, sign) as keys:
        request = publication.Request(
            round=round_name,
            data=data,
            out=out,
            specs=folders.find("table_specs", specs),
            templates=folders.find("templates", templates),
            time=log.now(),
            only=terminal.tables(only),
            keys=keys,
            by=by,
        )
        console = terminal.console(quiet=quiet)
        with terminal.Progress(console) as progress:
            summary = publication.publish(request, progress.stage)
    terminal.print_summary(console, summary)


@app.command(
    epilog="**Example:** `kostra-publish preview 2026-06 --data data/ --out out/`",
)
def preview(
    round_name: Annotated[
        str,
        typer.Argument(metavar="[ROUND]", help="Default: the next round that has data."),
    ] = "",
    data: Data = "data",
    out: Out = Path("out"),
    specs: Specs = None,
    templates: Templates = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")
    ] = 8765,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-origin",
            help="Pages of this origin may read the API: http://localhost:3000, say.",
        ),
    ] = None,
) -> None:
    """See the next release in a browser on this machine, while specs, templates and data change.

    Tables in a pivot view, why figures are hidden, what differs from the release before,
    key-figure pages, the quality report, and PxWebApi 2 for other programs. Nothing is written,
    true values of hidden figures are nowhere in it, and nobody but this machine is listened to.
    """
    from functools import partial

    from kostra_publish.drafting.request import Request, work
    from kostra_publish.preview import beginning, serving
    from kostra_publish.preview.watching import Folders
    from kostra_publish.specs import folders

    own = Folders(folders.find("table_specs", specs), folders.find("templates", templates), data)
    draft = beginning.first_draft(own.specs, out, data, round_name)
    name = draft.release.round.name
    request = Request(name, data, own.specs, own.templates, out)
    shown = serving.Preview(
        draft, partial(work, request), own, out, port, terminal.origins(allow_origin or [])
    )
    serving.serve(shown, partial(terminal.print_previewed, terminal.console(), name))


@app.command(
    epilog="**Examples:** `kostra-publish check` reads the table specs; "
    "`kostra-publish check 2026-03 --data data/` the round's inputs too; "
    "with `--rules-out rules.csv` all counts of control rules.",
)
def check(
    round_name: Annotated[
        str, typer.Argument(metavar="[ROUND]", help="The round whose inputs to check as well.")
    ] = "",
    data: Data = "data",
    specs: Specs = None,
    templates: Templates = None,
    rules_out: Annotated[
        Path | None,
        typer.Option(
            "--rules-out",
            help="A CSV of how many records break each control rule in each kommune. "
            "For internal use: small counts are not hidden.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Check table specs, templates and inputs, and list what is provisional.

    With a round: every input file against its contract, and how many records each control
    rule of skjema 11 and 11C would have stopped, by rule and kommune.
    """
    from kostra_publish import checking
    from kostra_publish.preview.rendering import check_preview_templates
    from kostra_publish.releases.rounds import Schedule
    from kostra_publish.specs import folders

    if rules_out and not round_name:
        raise UsageError("--rules-out needs a round", fix="Name it: kostra-publish check 2026-03 …")
    console = terminal.console(quiet=quiet)
    report = checking.check_specs(folders.find("table_specs", specs))
    checking.check_templates(folders.find("templates", templates))
    check_preview_templates(folders.find("templates", templates))
    terminal.print_specs(console, report)
    if round_name:
        current = Schedule(report.catalogue.calendar).round(round_name)
        with terminal.Progress(console) as progress, progress.stage("Read the inputs"):
            found = checking.check_inputs(report.catalogue, current, data)
        terminal.print_inputs(console, found)
        if rules_out:
            checking.write_rules(found.rules, rules_out)


@app.command(
    epilog="**Example:** `kostra-publish rounds --out out/ --year 2026`",
)
def rounds(
    out: Out = Path("out"),
    year: Annotated[
        int | None,
        typer.Option("--year", min=2000, max=2099, help="Default: last year to next year."),
    ] = None,
    specs: Specs = None,
) -> None:
    """Print the calendar: every round with its hour, what it publishes, and how far it is.

    The calendar is the file rounds.yaml among the table specs.
    """
    from kostra_publish import releasing
    from kostra_publish.releases import log
    from kostra_publish.specs import catalogue, folders

    found = catalogue.load(folders.find("table_specs", specs))
    first, last = terminal.span(year, log.now())
    planned = releasing.planned(found.calendar, out, first, last)
    terminal.print_rounds(terminal.console(), found, planned)


@app.command(
    epilog="**Example:** `kostra-publish approve 2026-06 --by 'Kari Nordmann'`",
)
def approve(
    name: Name,
    by: By,
    out: Out = Path("out"),
    specs: Specs = None,
    templates: Templates = None,
    quiet: Quiet = False,
) -> None:
    """Audit a release beside the others of its årgang, and log who approves it.

    Refuses when a file is not as it was written, when a blocking check of the quality report
    has not passed, and when the audit finds anything.
    """
    from kostra_publish import releasing
    from kostra_publish.releases import log
    from kostra_publish.specs import folders

    console = terminal.console(quiet=quiet)
    place = releasing.Place(
        out, folders.find("table_specs", specs), folders.find("templates", templates)
    )
    with terminal.Progress(console) as progress, progress.stage("Attack the release"):
        found = releasing.approve(place, name, log.now(), terminal.person(by))
    terminal.print_audit(console, found)
    console.print(f"[green]✓[/green] {name} is approved by {by}", highlight=False)


@app.command(
    epilog="**Example:** `kostra-publish release 2026-06`",
)
def release(
    name: Name,
    out: Out = Path("out"),
    specs: Specs = None,
    templates: Templates = None,
    quiet: Quiet = False,
) -> None:
    """Let everybody see an approved release: out/current becomes it.

    Refuses before its hour (embargo), without an approval, when the audit or a blocking check
    has not passed, and when anything has been altered. A released folder is never edited.
    """
    from kostra_publish import releasing
    from kostra_publish.releases import log
    from kostra_publish.specs import folders

    place = releasing.Place(
        out, folders.find("table_specs", specs), folders.find("templates", templates)
    )
    found = releasing.release(place, name, log.now())
    terminal.print_released(terminal.console(quiet=quiet), found)


@app.command(
    epilog="**Example:** `kostra-publish withdraw 2026-06 --by 'Kari Nordmann' "
    "--reason 'Oslo is wrong'`",
)
def withdraw(
    name: Name,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the log.")],
    out: Out = Path("out"),
    quiet: Quiet = False,
) -> None:
    """Take a release back; out/current becomes the release before it.

    Its folder stays: what has been seen is known, and later rounds are protected beside it. A
    release that nobody has seen can be published again.
    """
    from kostra_publish import releasing
    from kostra_publish.releases import log

    found = releasing.withdraw(
        out, name, log.now(), terminal.person(by), terminal.said(reason, "--reason")
    )
    terminal.print_withdrawn(terminal.console(quiet=quiet), name, found)


@app.command(
    epilog="**Example:** `kostra-publish verify out/2026-06`",
)
def verify(
    folder: Annotated[Path, typer.Argument(metavar="RELEASE", help="The folder of a release.")],
    quiet: Quiet = False,
) -> None:
    """Prove that nothing in a release was altered, nor in the log that tells of it.

    Every file is compared with the manifest, the manifest with its own checksum and with the
    log, and each line of the log with the line before it. Ends with 7 when anything differs.
    """
    from kostra_publish import releasing

    found = releasing.verify(folder)
    terminal.print_verified(terminal.console(quiet=quiet), found)


@app.command(
    epilog="**Example:** `kostra-publish pdf out/current 1124 1103 --out pdf`",
)
def pdf(
    release: Annotated[Path, typer.Argument(metavar="RELEASE", help="The folder of a release.")],
    areas: Annotated[
        list[str], typer.Argument(metavar="AREA…", help="Codes or addresses: 1124, landet.")
    ],
    language: Annotated[Language, typer.Option("--language", help="The pages' language.")] = "nb",
    out: Annotated[Path, typer.Option("--out", help="Where the files go.")] = Path("pdf"),
    browser: Annotated[
        str | None, typer.Option("--browser", help="The program that prints; default: Chromium.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Print the key-figure pages of areas as PDF, two A4 pages each.

    The pages are those of the release, printed by a browser (Chromium) on this machine.
    """
    from kostra_publish.pages.paper import print_pages

    console = terminal.console(quiet=quiet)
    for path in print_pages(release, areas, language, out, browser):
        terminal.print_written(console, path)


@app.command(
    epilog="**Example:** `kostra-publish rebuild out/2026-06 --data data/`",
)
def rebuild(
    folder: Annotated[Path, typer.Argument(metavar="RELEASE", help="The folder of a release.")],
    data: Data = "data",
    specs: Specs = None,
    templates: Templates = None,
    quiet: Quiet = False,
) -> None:
    """Make a release again from its manifest, and compare every byte.

    Says which input, spec, template, version or earlier release differs, when any does. Ends
    with 7 then, and when a byte differs though nothing else does.
    """
    from kostra_publish import preparing, rebuilding
    from kostra_publish.specs import folders

    console = terminal.console(quiet=quiet)
    sources = preparing.Sources(
        data, folders.find("table_specs", specs), folders.find("templates", templates)
    )
    with terminal.Progress(console) as progress:
        found = rebuilding.rebuild(folder, sources, progress.stage)
    found.refuse()
    console.print(
        f"[green]✓[/green] {found.files:,} files of {found.release}: the same bytes",
        highlight=False,
    )


@app.command(
    epilog="**Examples:** `kostra-publish audit out/2026-03`; "
    "`kostra-publish audit out/2026-03 out/2026-06` for what both together give away.",
)
def audit(
    releases: Annotated[
        list[Path], typer.Argument(metavar="RELEASE…", help="Folders of releases.")
    ],
    certificate: Annotated[
        bool,
        typer.Option("--certificate", help="Only check the proof that each release keeps."),
    ] = False,
    specs: Specs = None,
    templates: Templates = None,
    quiet: Quiet = False,
) -> None:
    """Attack the files of releases as an outsider would, and say what they give away.

    Figures, texts and pages are read back from disk. What they show is attacked by linear
    algebra, and where it is small enough by intervals and insiders; releases of one årgang
    are attacked together. No figure is ever printed. Ends with 8 when something was found.
    """
    from kostra_publish import auditing
    from kostra_publish.specs import folders

    console = terminal.console(quiet=quiet)
    if certificate:
        with terminal.Progress(console) as progress, progress.stage("Add up the certificates"):
            proofs = auditing.certificates(releases)
        terminal.print_proofs(console, proofs)
        return
    with terminal.Progress(console) as progress, progress.stage("Attack the releases"):
        found = auditing.audit(
            releases,
            specs=folders.find("table_specs", specs),
            templates=folders.find("templates", templates),
        )
    terminal.print_audit(console, found)
    found.refuse(fix="Take the release away, and see docs/security.md.")


@app.command(
    epilog="**Examples:** `kostra-publish compare out/2026-03 out/2026-06`; with "
    "`--table 13995 --region 1124` what has changed there; with `--out compare/` all of it.",
)
def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="The folder of the older release.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The folder of the newer release.")],
    table: Annotated[
        str | None, typer.Option("--table", help="Only these tables, such as 13995,14019.")
    ] = None,
    region: Annotated[str, typer.Option("--region", help="Only the region with this code.")] = "",
    measure: Annotated[
        str, typer.Option("--measure", help="Only the measure with this code.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A folder for a page, a workbook and JSON with every change."),
    ] = None,
    templates: Templates = None,
    quiet: Quiet = False,
) -> None:
    """Tell what differs between two releases: cells, and texts, codes, units and marks.

    A cell can be amended, added, removed, newly suppressed (`:`), newly shown, newly reported or
    no longer reported (`..`), or have another sign. Ends with 0 whether anything differs or not.
    For internal use.
    """
    from kostra_publish import comparing

    asked = comparing.Asked(terminal.tables(table, "--table", "compare all"), region, measure)
    if out:
        # What writes takes time to load, which a comparison that is only printed need not take.
        from kostra_publish.comparing import writing
        from kostra_publish.specs import folders

        pages = folders.find("templates", templates)
        writing.check_place(out, pages)
    older, newer = comparing.read_releases(before, after)
    found = comparing.compare(older, newer, asked)
    console = terminal.console(quiet=quiet)
    terminal.print_comparison(console, found, cells=asked.anything)
    if out:
        terminal.print_paths(console, writing.write(found, pages, out))


@app.command(
    epilog="**Example:** `kostra-publish protect problem.json inner.parquet --out cells.parquet`",
)
def protect(
    problem: Annotated[Path, typer.Argument(metavar="PROBLEM", help="problem.json.")],
    inner: Annotated[Path, typer.Argument(metavar="INNER", help="The counts, as Parquet.")],
    out: Annotated[Path, typer.Option("--out", help="Where the protected cells go.")],
    threshold: Annotated[
        int, typer.Option("--threshold", min=2, help="Counts below this are small.")
    ] = 4,
    hide_zeros: Annotated[
        bool, typer.Option("--hide-zeros", help="A count of nobody is small too.")
    ] = False,
    effort: Annotated[
        float, typer.Option("--effort", min=0, help="How long to look for fewer cells to hide.")
    ] = 1.0,
    in_full: Annotated[
        bool,
        typer.Option("--in-full", help="Try everything however large; it may take hours."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Protect frequency tables of any statistic: which cells to hide so that none is found.

    PROBLEM tells dimensions, hierarchies and tables; INNER has the counts. Every cell of all
    tables comes out once, with the status P (published), U (small) or S (hidden to protect
    small ones).
    """
    from kostra_publish.disclosure import frequency

    terminal.refuse_unwritable(out)
    found = frequency.protect(
        frequency.read(problem, inner),
        threshold=threshold,
        hide_zeros=hide_zeros,
        effort=effort,
        in_full=in_full,
    )
    found.write(out)
    terminal.print_protected(terminal.console(quiet=quiet), found.cells["status"], found.tried, out)


@app.command(
    epilog="**Example:** `kostra-publish why out/current 13995 --region 1124 "
    "--measure KOSant25290000`",
)
def why(
    release: Annotated[Path, typer.Argument(metavar="RELEASE", help="The folder of a release.")],
    table: Annotated[str, typer.Argument(metavar="TABLE", help="The table's number or name.")],
    region: Annotated[str, typer.Option("--region", help="A region's code.")] = "",
    measure: Annotated[str, typer.Option("--measure", help="A measure's code.")] = "",
    category: Annotated[
        list[str] | None,
        typer.Option("--category", help="A category of another dimension: KOKkjonn0000=2."),
    ] = None,
    year: Annotated[
        str, typer.Option("--year", help="A year; default: the newest one of the table.")
    ] = "",
    most: Annotated[int, typer.Option("--most", min=1, help="How many figures to explain.")] = 10,
    language: Annotated[
        Literal["nb", "en"], typer.Option("--language", help="The language of the answer.")
    ] = "en",
    specs: Specs = None,
) -> None:
    """Tell why figures of a release are hidden, missing or not applicable.

    Of a hidden figure: which small figures it protects, and from which shown ones they would
    follow. Of a missing one: which form is lacking, and what to do. A single figure is explained
    whatever it shows. For internal use: it says where there are few, though never how many.
    """
    from kostra_publish.explaining import release as explaining
    from kostra_publish.specs import catalogue, folders

    asked = explaining.Asked(table, region, measure, terminal.pairs(category or []), year)
    known = catalogue.examine(folders.find("table_specs", specs)).catalogue
    found = explaining.why(release, asked, most, known, language)
    terminal.print_explained(terminal.console(), found)


@app.command(
    epilog="**Example:** `kostra-publish explain 13995 KOSsosgjantmnd0000 --region 1124`",
)
def explain(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="The table's number or name.")],
    measure: Annotated[str, typer.Argument(metavar="MEASURE", help="The measure's code.")],
    region: Annotated[
        str, typer.Option("--region", help="A region's code: its figures, year by year.")
    ] = "",
    category: Annotated[
        list[str] | None,
        typer.Option(
            "--category",
            help="A category of one of the table's dimensions, KOKkjonn0000=2; default: its total.",
        ),
    ] = None,
    release: Annotated[
        Path | None,
        typer.Option("--release", help="The folder of a release; default: current in --out."),
    ] = None,
    out: Out = Path("out"),
    language: Annotated[
        Literal["nb", "en"], typer.Option("--language", help="The language of the answer.")
    ] = "en",
    specs: Specs = None,
) -> None:
    """Tell how a figure is made: spec, formula, inputs, disclosure control, and its numbers.

    With a region: its published figures, and the published numbers that they are made of, where
    there are such; the arithmetic is then tried on them. It never reads microdata.
    """
    from kostra_publish import deriving
    from kostra_publish.releases import folders as releases
    from kostra_publish.specs import catalogue, folders

    found = catalogue.load(folders.find("table_specs", specs))
    asked = deriving.Asked(table, measure, region, terminal.pairs(category or []))
    newest = out / releases.CURRENT
    place = release or (newest if newest.is_dir() else None)
    told = deriving.derive(found, asked, place, language)
    terminal.print_derivation(terminal.console(), told)


@app.command(
    epilog="**Examples:** `kostra-publish show 13995 --region Sola`; `kostra-publish show "
    "kvp-deltakere --category KOKkjonn0000=2 --year 2025`; `… --format csv > tall.csv`.",
)
def show(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE", help="The table's number or name.", autocompletion=_table_ids
        ),
    ],
    region: Annotated[
        list[str] | None, typer.Option("--region", help="A region's code or name; several times.")
    ] = None,
    measure: Annotated[
        list[str] | None, typer.Option("--measure", help="A measure's code or name.")
    ] = None,
    year: Annotated[list[str] | None, typer.Option("--year", help="A year.")] = None,
    category: Annotated[
        list[str] | None,
        typer.Option("--category", help="A category of another dimension: KOKkjonn0000=2."),
    ] = None,
    release: Annotated[
        Path | None,
        typer.Option(
            "--release", help="The folder of a release or a look; default: the newest in --out."
        ),
    ] = None,
    out: Out = Path("out"),
    language: Annotated[Language, typer.Option("--language", help="The names' language.")] = "nb",
    form: Annotated[
        Literal["table", "csv", "json", "md"],
        typer.Option("--format", help="How it is written; json is JSON-stat."),
    ] = "table",
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal",
            help="The true figures too, hidden ones as well, worked out from --data. "
            "In a terminal only, and they must not leave the room.",
        ),
    ] = False,
    data: Data = "data",
    specs: Specs = None,
    seen: Annotated[
        bool,
        typer.Option("--yes-i-may-see-this", help="With --reveal: also where there's no terminal."),
    ] = False,
) -> None:
    """Show a table of a release: figures, signs and what must be read with them.

    One region is shown with all years, beside its KOSTRA group, fylke and the country; else
    regions stand down the side. In a pipe every row is a line.
    """
    from kostra_publish import showing, terminal_figures
    from kostra_publish.specs import folders

    if reveal:
        terminal_figures.refuse_unseen(region or [], form, allowed=seen)
    asked = showing.Asked(
        table, region or [], measure or [], year or [], terminal.grouped(category or [])
    )
    folder = folders.find("table_specs", specs)
    shown = showing.show(out, release, folder, asked, language)
    if not reveal:
        terminal_figures.print_shown(terminal.console(), shown, form)
        return
    from kostra_publish import revealing

    console = terminal.console()
    with terminal.Progress(console) as progress:
        found = revealing.reveal(shown, data, progress.stage)
    terminal_figures.print_revealed(console, found)


@app.command(
    epilog="**Example:** `kostra-publish policy out/current --out policy/`",
)
def policy(
    release: Annotated[Path, typer.Argument(metavar="RELEASE", help="The folder of a release.")],
    out: Annotated[Path, typer.Option("--out", help="Where the report goes.")] = Path("policy"),
    templates: Templates = None,
    quiet: Quiet = False,
) -> None:
    """Tell what each guarantee of disclosure control costs, and what stricter ones would.

    Protects the release's universes again under each, which takes minutes, and writes its
    disclosure report with the answers.
    """
    from kostra_publish import weighing
    from kostra_publish.specs import folders

    console = terminal.console(quiet=quiet)
    pages = folders.find("templates", templates)
    weighing.check_template(pages)
    with terminal.Progress(console) as progress:
        facts = weighing.weigh(release, progress.note)
    paths = weighing.write(facts, pages, out)
    terminal.print_costs(console, facts.costs or (), paths)


@app.command(
    "import",
    epilog="**Example:** `kostra-publish import 11F uttrekk/*.dat --year 2025 --out data/ "
    "--delivered 2026-02-20`",
)
def import_(
    form: Annotated[str, typer.Argument(metavar="11F|11CF", help="The form of the file extract.")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Positional files, one or several kommuner in each."),
    ],
    year: Annotated[int, typer.Option("--year", help="The årgang of the file layout.")],
    out: Annotated[Path, typer.Option("--out", help="The folder of microdata.")] = Path("data"),
    delivered: Annotated[
        datetime | None,
        typer.Option(
            "--delivered",
            formats=["%Y-%m-%d"],
            help="When the files were delivered: no earlier round takes them. "
            "Default: the first version of an årgang counts in every round, "
            "a later one from today.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Read positional file extracts (filuttrekk) into Parquet, all records or none."""
    from kostra_publish.microdata import filuttrekk

    day = delivered.date() if delivered else None
    result = filuttrekk.import_filuttrekk(files, form=form, year=year, out=out, delivered=day)
    terminal.print_import(terminal.console(quiet=quiet), result)


@app.command(
    epilog="**Example:** `kostra-publish synth --vintages 2022-2025 --out data/`",
)
def synth(
    vintages: Annotated[
        str, typer.Option("--vintages", help="One årgang or a range: 2025, 2022-2025.")
    ] = "2022-2025",
    out: Annotated[Path, typer.Option("--out", help="Where the files go.")] = Path("data"),
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another Norway.")] = 1,
    scale: Annotated[
        float, typer.Option("--scale", min=0.001, help="How many persons, 1 is the real number.")
    ] = 1.0,
    quiet: Quiet = False,
) -> None:
    """Make a synthetic Norway: every dataset, in the March and the June delivery.

    The data look like the real country and hold no real person. Every file says that it is
    synthetic (*syntetiske data*). Files that do not are never replaced.
    """
    from kostra_publish.microdata import synth as synthetic

    console = terminal.console(quiet=quiet)
    with terminal.Progress(console) as progress:
        paths = synthetic.write(
            out,
            vintages=terminal.years(vintages),
            seed=seed,
            scale=scale,
            progress=progress.note,
        )
    terminal.print_synthetic(console, out, paths)


@app.command(
    epilog="**Examples:** `kostra-publish schema` writes them; "
    "`kostra-publish schema --check` tells whether they are up to date.",
)
def schema(
    specs: Specs = None,
    only_check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a schema is out of date.")
    ] = False,
) -> None:
    """Write the JSON Schema of the spec files, so that an editor completes every key.

    They go to the folder schema/ of your own table specs, never of the packaged ones.
    """
    from kostra_publish.specs import folders, json_schema

    if not only_check:
        for path in json_schema.write(folders.to_write("table_specs", specs) / "schema"):
            typer.echo(path)
        return
    folder = folders.find("table_specs", specs) / "schema"
    if names := json_schema.outdated(folder):
        raise PublishError(
            f"out of date in {folder}: {', '.join(names)}", fix="Run `kostra-publish schema`."
        )


@app.command(
    "new-table",
    epilog="**Example:** `kostra-publish new-table enslige-fedre --from skjema11`",
)
def new_table(
    table: Annotated[
        str, typer.Argument(metavar="ID", help="Its number, or a name: enslige-fedre.")
    ],
    source: Annotated[
        str,
        typer.Option("--from", metavar="DATASET", help="skjema11, skjema11c, skjema7, regnskap …"),
    ],
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", help="A variable to measure, too; may be given several times."),
    ] = None,
    rounds: Annotated[
        str | None,
        typer.Option(
            "--rounds",
            help="Kinds of round, such as march,june, or none; default: as other tables of it.",
        ),
    ] = None,
    specs: Specs = None,
) -> None:
    """Write the spec of a new table: one that can be previewed at once, with examples in it.

    It counts everybody in the dataset, by sex where that is known. Other dimensions and measures
    stand in it as examples, each to be taken in use by taking the # away. No file is replaced.
    """
    from kostra_publish import scaffolding
    from kostra_publish.specs import folders

    kinds = terminal.tables(rounds, "--rounds", "have those of other tables")
    asked = scaffolding.Asked(
        table,
        source,
        tuple(measure or ()),
        None if rounds is None else () if kinds == ("none",) else kinds,
    )
    made = scaffolding.new_table(folders.to_write("table_specs", specs), asked)
    terminal.print_scaffold(terminal.console(), made)


nav = typer.Typer(
    help="Packages that are handed over: verify, open, receipts, and the log of them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(nav, name="nav")

Package = Annotated[
    Path,
    typer.Argument(metavar="PACKAGE", help="The folder of a sealed package, or its .tar.age."),
]
SenderKey = Annotated[
    Path, typer.Option("--signer", help="The sender's minisign public key: minisign.pub.")
]
Table = Literal["table", "csv", "json"]


@nav.command(
    "keys",
    epilog="**Example:** `kostra-publish nav keys trial-keys`",
)
def nav_keys(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="One that is not there yet.")],
) -> None:
    """Make keys of a receiver and a sender, for trying packages out.

    They have no passwords. For real packages the receiver runs age-keygen, and the sender
    minisign -G; secret keys never leave their owners.
    """
    from kostra_publish.nav import keys

    keys.write_trial(folder)
    terminal.print_written(terminal.console(), folder)


@nav.command(
    "build",
    epilog="**Example:** `kostra-publish nav build 2026-03 --data data/ --to receiver.pub "
    "--sign sender.key --by 'Kari Nordmann'`",
)
def nav_build(
    name: Name,
    data: Data = "data",
    out: Out = Path("out"),
    specs: Specs = None,
    templates: Templates = None,
    to: SealTo = None,
    sign: SealSign = None,
    by: SealBy = None,
    keep_plain: Annotated[
        bool,
        typer.Option("--keep-plain", help="Leave each package beside in plain text, too."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Make the packages of a release again from its inputs, and seal them.

    They must come out as the release says; the same package for the same receivers is left as it
    is. Nothing is encrypted to nobody, and no plain text is left unless asked for.
    """
    from kostra_publish import rebuilding
    from kostra_publish.nav.sealing import seal
    from kostra_publish.preparing import Sources
    from kostra_publish.releases import log
    from kostra_publish.specs import folders

    with _sealing_keys(to, sign) as keys:
        if keys is None:
            raise UsageError(
                "there is nobody to encrypt to",
                fix="Name the receiver's public key (--to) and your own secret one (--sign).",
            )
        sources = Sources(
            data, folders.find("table_specs", specs), folders.find("templates", templates)
        )
        console = terminal.console(quiet=quiet)
        with terminal.Progress(console) as progress:
            found = rebuilding.packages(out / name, sources, progress.stage)
        for one in found:
            sealed = seal(one, keys, out, time=log.now(), by=by, keep_plain=keep_plain)
            terminal.print_sealed(console, sealed)


@nav.command(
    "verify",
    epilog="**Examples:** `kostra-publish nav verify soshjelp-nav_p2025_v2 --signer minisign.pub`; "
    "with `--identity key.txt` every file in it too.",
)
def nav_verify(
    package: Package,
    signer: SenderKey,
    identity: Annotated[
        Path | None,
        typer.Option("--identity", help="Your secret age key: opens it, in memory only."),
    ] = None,
    bag: Annotated[
        Path | None, typer.Option("--bag", help="An unpacked bag, to be compared with it.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Prove that a package is as its sender sealed it.

    Both signatures are checked, and the delivery log where it lies beside. With a secret key the
    package is decrypted in memory and every file in it compared with the signed manifest. Ends
    with 7 when anything is wrong.
    """
    from kostra_publish.nav import opening

    found = opening.verify(package, signer, identity=identity, plain=bag)
    terminal.print_package(terminal.console(quiet=quiet), found)
    found.refuse()


@nav.command(
    "open",
    epilog="**Example:** `kostra-publish nav open soshjelp-nav_p2025_v2 --signer minisign.pub "
    "--identity key.txt --into soshjelp`",
)
def nav_open(
    package: Package,
    signer: SenderKey,
    identity: Annotated[Path, typer.Option("--identity", help="Your secret age key.")],
    into: Annotated[Path, typer.Option("--into", help="A folder that is not there yet.")],
    quiet: Quiet = False,
) -> None:
    """Verify a package, and unpack it into a new folder: whole or not at all."""
    from kostra_publish.nav import opening

    found = opening.open_package(package, signer, identity, into)
    console = terminal.console(quiet=quiet)
    terminal.print_package(console, found)
    terminal.print_written(console, into)


@nav.command(
    "log",
    epilog="**Examples:** `kostra-publish nav log --out out/`; "
    "`kostra-publish nav log --format csv`.",
)
def nav_log(
    out: Out = Path("out"),
    form: Annotated[Table, typer.Option("--format", help="How it is written.")] = "table",
) -> None:
    """Print the log of packages: what was sealed for whom, and what has been received."""
    from kostra_publish.nav import delivery_log

    terminal.print_deliveries(
        terminal.console(), delivery_log.read(out / delivery_log.FOLDER).lines, form
    )


@nav.command(
    "receipt",
    epilog="**Example:** `kostra-publish nav receipt kvittering.json --out out/`",
)
def nav_receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the receiver has sent.")],
    out: Out = Path("out"),
    quiet: Quiet = False,
) -> None:
    """Log that a package was received, and keep the receipt beside it.

    Refuses a receipt for anything but a package that was sealed, with the manifest it had then.
    """
    from kostra_publish.nav import receipts
    from kostra_publish.releases import log

    found = receipts.receive(file, out, time=log.now())
    terminal.print_receipt(terminal.console(quiet=quiet), found)


statbank = typer.Typer(
    help="Load files for the statbank: do they fit what it wants?",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(statbank, name="statbank")


@statbank.command(
    "validate",
    epilog="**Example:** `kostra-publish statbank validate out/2026-03/statbank-load/13995.dat "
    "13995.json --deltabell KostraSosial1.dat`",
)
def statbank_validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of statbank-load/.")],
    description: Annotated[
        Path,
        typer.Argument(metavar="DESCRIPTION", help="The uttrekksbeskrivelse that you fetched."),
    ],
    deltabell: Annotated[
        str | None,
        typer.Option(
            "--deltabell", help="The one that the file is for; default: the one with its name."
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Hold a load file against the statbank's description of its table; nothing is sent.

    Columns, codes, periods, decimals, signs and rows; each fault with its line, column and way
    out, and no figure. Ends with 4 when anything is wrong.
    """
    from kostra_publish import loading

    found = loading.validate(file, description, deltabell)
    terminal.print_validated(terminal.console(quiet=quiet), found)
    found.refuse()


@contextmanager
def _sealing_keys(to: Sequence[Path] | None, sign: Path | None) -> Iterator[Keys | None]:
    """The keys that packages are sealed with; None where none are named. They are wiped after use.

    Asks for a password where the secret one has one. Raises UsageError when only one of the two
    is named, and as ``read_keys`` does.
    """
    from kostra_publish.nav.sealing import read_keys

    if not to and sign is None:
        yield None
        return
    if not to or sign is None:
        raise UsageError(
            "packages are encrypted to somebody and signed by somebody",
            fix="Name the receiver's public key (--to) and your own secret one (--sign).",
        )

    def password() -> str:
        return str(typer.prompt(f"Password of {sign}", hide_input=True, err=True))

    keys = read_keys(to, sign, password)
    with keys.secret:
        yield keys


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; user errors are printed without a traceback."""
    # Several threads of linear algebra spin while they wait for each other, and a sum depends on
    # how many there are: with one a release is the same bytes on every machine, and sooner made.
    # It is read when numpy is loaded, which no verb has done yet.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    terminal.print_what_can_be()
    try:
        app(args=None if arguments is None else list(arguments))
    except PublishError as error:
        terminal.print_error(terminal.console(stderr=True), error)
        sys.exit(error.exit_code)
