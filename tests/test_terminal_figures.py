"""How `show` looks: in terminals of any width, in a pipe, and as Markdown."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from rich.console import Console

from kostra_publish import cli, terminal_figures
from kostra_publish.showing import Asked, Shown, as_csv, as_json, sheets, show
from kostra_publish.specs.catalogue import load
from kostra_publish.specs.models import Language
from kostra_publish.terminal_figures import escaped, markdown, print_shown
from tests.shown_release import COUNT, REGIONS, shown
from tests.test_terminal import in_a_terminal, run

SPACE = "\N{NO-BREAK SPACE}"

AT_80 = """
Tilfeller og beløp (K), etter region, statistikkvariabel og år
2026-03 (built); region: 1124 Sola

statistikkvariabel                    2023     2024  2025
Tilfeller                              659        :   824  ▁ █
Utbetalt beløp i året (1 000 kr)  12_345,6  9_876,5    ..  █▁

                                                                          Landet
                               KOSTRA-gruppe   Rogaland,     Landet,  uten Oslo,
statistikkvariabel       2025        9, 2025        2025        2025        2025
Tilfeller                 824         27_000      24_000      30_000      33_000
Utbetalt beløp i året      ..       27_000,0    24_000,0    30_000,0    33_000,0
(1 000 kr)

Syntetiske data: tallene er laget for utprøving og beskriver ingen virkelige
personer eller kommuner.
2025: Foreløpige, ureviderte tall. Endelige tall kommer 15. juni 2026.
Nummer, tittel eller kode er ikke bekreftet av Statistikkbanken: KOSbelop0000.
Andel av innbyggerne som bor i kommuner med beregnede tall for 2025, i prosent:
Rogaland (EKA11) 2,5.
Utbetalt beløp i året: 2024: Lån er ikke med lenger.
.. = Tallgrunnlag mangler
: = Vises ikke av konfidensialitetshensyn
Tall som bygger på færre enn fire personer, vises ikke.
1 more note: --format json
"""
AT_200 = """
Cases and amounts (M), by region, contents and year
2026-03 (built); region: 1124 Sola

                                                                                                              Landet
                                                                   KOSTRA-gruppe   Rogaland,     Landet,  uten Oslo,
contents                                 2023     2024  2025             9, 2025        2025        2025        2025
Cases                                     659        :   824  ▁ █         27,000      24,000      30,000      33,000
Amount paid in the year (NOK 1 000)  12,345.6  9,876.5    ..  █▁        27,000.0    24,000.0    30,000.0    33,000.0

Synthetic data: the figures are made for testing and describe no real persons or municipalities.
2025: Preliminary, unrevised figures. Final figures are published on 15 June 2026.
The number, title or code has not been confirmed by StatBank Norway: KOSbelop0000.
Share of inhabitants in municipalities with estimated figures for 2025, in per cent: Rogaland (EKA11) 2.5.
Amount paid in the year: 2024: Loans are out.
.. = Data not available
: = Not for publication, for reasons of confidentiality
Figures based on fewer than four persons are not shown.
1 more note: --format json
"""  # noqa: E501  # a wide terminal
FEW_ROWS = """
region                  2023   2024   2025
1101 Eigersund         1,000  2,000  3,000
1124 Sola                659      :    824
3002 Moss (2020-2023)  1,000      .      .

3 of 11 rows. Pick with --region; in a pipe (| less -S) and with --format there
are all.
"""
BY_SEX = """
kjønn        statistikkvariabel                    2023     2024  2025
Begge kjønn  Tilfeller                              659        :   824  ▁ █
             Utbetalt beløp i året (1 000 kr)  12_345,6  9_876,5    ..  █▁
Menn         Tilfeller                              330        :   412  ▁ █
             Utbetalt beløp i året (1 000 kr)   6_172,8  4_938,3    ..  █▁
"""
PIPED = """
Cases and amounts (M), by region, contents and year
2026-03 (built)

KOKkommuneregion0000  region  ContentsCode   contents                                 2023     2024     2025
1124                  Sola    KOSantall0000  Cases                                     659        :      824
1124                  Sola    KOSbelop0000   Amount paid in the year (NOK 1 000)  12,345.6  9,876.5       ..
3103                  Moss    KOSantall0000  Cases                                       .    1,100    1,210
3103                  Moss    KOSbelop0000   Amount paid in the year (NOK 1 000)         .  1,100.0  1,210.0

Synthetic data: the figures are made for testing and describe no real persons or municipalities.
2025: Preliminary, unrevised figures. Final figures are published on 15 June 2026.
The number, title or code has not been confirmed by StatBank Norway: KOSbelop0000.
Amount paid in the year: 2024: Loans are out.
. = Figures cannot be given (category not in use)
.. = Data not available
: = Not for publication, for reasons of confidentiality
Figures based on fewer than four persons are not shown.
1 more note: --format json
"""  # noqa: E501  # lines are not broken


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("house")
    shown(folder)
    with patch("kostra_publish.showing.load", cache(load)):
        yield folder


def printed(house: Path, width: int, language: Language = "nb", **asked: Any) -> str:
    """What a terminal of this width shows, with ``_`` between thousands."""
    found = asked_for(house, language, **asked)
    seen = io.StringIO()
    console = Console(width=width, force_terminal=True, color_system=None, file=seen)
    print_shown(console, found, "table")
    assert all(len(line) <= width for line in seen.getvalue().splitlines())
    return "\n".join(line.rstrip() for line in seen.getvalue().splitlines()).replace(SPACE, "_")


def asked_for(house: Path, language: Language = "nb", **asked: Any) -> Shown:
    wanted = Asked(**{"table": "kontakt", **asked})
    return show(house / "out", None, house / "specs", wanted, language)


# --- in a terminal ----------------------------------------------------------------------


def test_a_narrow_terminal_has_other_areas_below_beside_the_newest_year(house: Path) -> None:
    assert printed(house, 80, regions=["Sola"]).strip() == AT_80.strip()


def test_a_wide_terminal_has_all_side_by_side(house: Path) -> None:
    assert printed(house, 200, "en", regions=["Sola"]).strip() == AT_200.strip()


def test_what_goes_on_from_the_row_before_is_said_once(house: Path) -> None:
    assert BY_SEX.strip() in printed(house, 80, table="kontakt-kjonn", regions=["Sola"])


@pytest.mark.parametrize("width", [24, 30, 40, 60])
def test_nothing_is_lost_in_the_narrowest_terminal(house: Path, width: int) -> None:
    seen = printed(house, width, table="kontakt-kjonn", regions=["Sola"])
    (sheet,) = sheets(asked_for(house, table="kontakt-kjonn", regions=["Sola"]))
    labels = sum(column.kind == "label" for column in sheet.columns)
    for row in sheet.rows:
        for text in row[labels:]:
            assert text.strip().replace(SPACE, "_") in seen
    assert "Landet" in seen
    assert "…" not in seen


def test_a_long_list_shows_the_first_rows_and_counts_the_rest(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal_figures, "MOST", 3)
    assert FEW_ROWS.strip() in printed(house, 80, "en", measures=[COUNT])
    every = printed(house, 80, "en")
    assert "3 of 22 rows. Pick with --region, --measure;" in every
    assert "Amount paid in the year (NOK 1 000)\n" not in every


def test_several_regions_and_years_have_a_table_for_each_measure(house: Path) -> None:
    seen = printed(house, 80, "en", regions=["Sola", "Moss"])
    assert "\nCases\n\nregion     2023   2024   2025\n1124 Sola   659      :    824\n" in seen
    assert "\nAmount paid in the year (NOK 1 000)\n" in seen


def test_the_program_shows_it_in_a_terminal(house: Path) -> None:
    seen = in_a_terminal(*arguments(house, "--region", "Sola"), columns=80)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", seen).replace("\r", "").replace(SPACE, "_")
    lines = "\n".join(line.rstrip() for line in bare.splitlines())
    assert lines.strip() == AT_80.strip()


# --- elsewhere --------------------------------------------------------------------------


def arguments(house: Path, *more: str) -> list[str]:
    folders = "--out", str(house / "out"), "--specs", str(house / "specs")
    return ["show", "kontakt", *folders, *more]


def output(house: Path, capsysbinary: pytest.CaptureFixture[bytes], *more: str) -> str:
    with pytest.raises(SystemExit) as done:
        cli.main(arguments(house, *more))
    assert not done.value.code
    captured = capsysbinary.readouterr()
    assert not captured.err
    return captured.out.decode()


def test_in_a_pipe_every_row_is_a_line(
    house: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal_figures, "MOST", 1)
    seen = output(house, capsysbinary, "--region", "Sola", "--region", "Moss", "--language", "en")
    assert seen.strip() == PIPED.strip()
    whole = output(house, capsysbinary)
    for code in REGIONS:
        assert len(re.findall(rf"^{code} ", whole, re.MULTILINE)) == 2


def test_a_pipe_of_any_encoding_has_every_figure(house: Path) -> None:
    done = run(*arguments(house, "--region", "Sola"), PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode("ascii").splitlines()
    (amount,) = [line for line in lines if "KOSbelop0000  " in line]
    assert amount.split("  Utbetalt belop i aret (1 000 kr)  ")[1].startswith("12 345,6  9 876,5")


def test_each_format_is_what_it_says(
    house: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    found = asked_for(house, regions=["1124"])
    region = "--region", "1124", "--format"
    assert output(house, capsysbinary, *region, "csv").encode() == as_csv(found)
    assert output(house, capsysbinary, *region, "json").encode() == as_json(found) + b"\n"
    assert output(house, capsysbinary, *region, "md") == markdown(found)


def test_markdown_tables_have_every_figure(house: Path) -> None:
    found = asked_for(house, regions=["Sola", "Moss"])
    for sheet in sheets(found):
        table = markdown(found).split(f"**{sheet.title}**\n\n")[1].split("\n\n")[0]
        head, ends, *rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
        assert head == [column.head for column in sheet.columns]
        assert ends == ["---", *["---:"] * (len(head) - 1)]
        assert [tuple(row) for row in rows] == [*sheet.rows]


def test_nothing_in_a_name_is_taken_for_markdown() -> None:
    assert escaped("a|b*c_d[e]<f>") == r"a\|b\*c\_d\[e]\<f>"


def test_what_cannot_be_shown_is_told_on_standard_error(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(arguments(house, "--region", "Sol"))
    assert refused.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Did you mean 1124 Sola" in captured.err


def test_the_shell_completes_tables() -> None:
    assert cli._table_ids("kvp-u") == ["kvp-utbetalt", "kvp-utfall"]
