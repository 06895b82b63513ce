"""Seeded leaks: each is found by the audit, by what it says and by its exit code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from kostra_publish import making
from kostra_publish.auditing import audit
from kostra_publish.cli import main
from kostra_publish.disclosure import protection
from kostra_publish.disclosure.protection import Protected
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.disclosure.seal import SEAL
from kostra_publish.errors import DisclosureError, LeakError, ReleaseError
from kostra_publish.releases.manifest import FILE
from tests.auditing.released import (
    ALL,
    BEFORE,
    JUNE,
    MARCH,
    SHARE,
    TABLE,
    TEMPLATES,
    WOMEN,
    Kept,
    Look,
    change,
    jsonstat,
    keep,
    publish_round,
    said,
    show,
    sign,
)

# --- nothing to find ----------------------------------------------------------------------


def test_what_was_published_gives_nothing_away(published: Path, look: Look) -> None:
    found = look(published / JUNE, published / BEFORE, published / MARCH, in_full=True)
    assert said(found) == ""
    assert found.releases == (BEFORE, MARCH, JUNE)
    assert found.unread == ()
    attacked = [attack.releases for attack in found.attacks]
    assert attacked == [(BEFORE,), (MARCH,), (JUNE,), (MARCH, JUNE)]
    assert all(attack.in_full and attack.known and attack.small for attack in found.attacks)
    for attack, name in zip(found.attacks, found.releases, strict=False):
        assert attack.known == int(Kept(published / name).universe.visible.sum())
    assert found.figures > 2000
    assert found.texts > 400


def test_the_verdict_is_printed_and_no_figure(
    published: Path, specs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        main(["audit", str(published / MARCH), str(published / JUNE), "--specs", str(specs)])
    assert done.value.code == 0
    printed = capsys.readouterr().out
    assert "0 violations" in printed
    assert "introduksjon-persons" in printed


# --- figures ------------------------------------------------------------------------------


def test_a_secondary_that_is_shown(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, cell = kept.first(ALL, kept.secondary)
    change(out / MARCH, show(place, kept.values[cell]))
    found = look(out / MARCH)
    assert "1 cells that protect small ones are shown, in 99901" in said(found)


def test_a_secondary_that_is_shown_opens_a_small_cell(out: Path, look: Look) -> None:
    """Every secondary is there for something: with all of them shown, small cells follow."""
    kept = Kept(out / MARCH)
    for content in (ALL, WOMEN):
        for place, [cell] in kept.places(content).items():
            if kept.secondary[cell]:
                change(out / MARCH, show(place, kept.values[cell]))
    assert "small cells follow from what is shown by linear algebra" in said(look(out / MARCH))


def test_a_share_that_gives_its_numerator_away(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, _ = kept.first(SHARE, kept.universe.problem.small)
    change(out / MARCH, show(place, 33.3))
    assert "small cells are shown, in 99901" in said(look(out / MARCH))


def test_a_primary_that_one_language_shows(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, cell = kept.first(WOMEN, kept.universe.problem.small)
    change(out / MARCH, show(place, kept.values[cell]), "nn")
    found = said(look(out / MARCH))
    assert "1 small cells are shown, in 99901" in found
    assert "99901.nn.json: differs from public/statbank/jsonstat/99901.en.json in 1 cells" in found


def test_a_cell_of_june_opens_march(out: Path, look: Look) -> None:
    kept = Kept(out / JUNE)
    for place, [cell] in kept.places(ALL).items():
        if kept.secondary[cell]:
            change(out / JUNE, show(place, kept.values[cell]))
    # So that nothing in June alone is wrong: it protects nothing and knows of no small cell.
    universe = kept.universe
    nothing = np.zeros_like(universe.visible)
    problem = replace(universe.problem, small=nothing)
    keep(out / JUNE, replace(universe, problem=problem, visible=~nothing))
    assert said(look(out / MARCH)) == said(look(out / JUNE)) == ""
    assert "2026-03 with 2026-06 introduksjon-persons: " in said(look(out / MARCH, out / JUNE))


def test_a_cell_of_an_earlier_vintage(out: Path, look: Look) -> None:
    """What June showed of 2024 is shown again; more of it is for June's universe to judge."""
    kept = Kept(out / BEFORE)
    place, cell = kept.first(ALL, kept.universe.problem.small)
    change(out / MARCH, show(place, kept.values[cell], vintage=2024))
    found = said(look(out / BEFORE, out / MARCH))
    assert "2025-06 introduksjon-persons: 1 small cells are shown, in 99901" in found


def test_a_number_and_a_sign_in_one_cell(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, cell = kept.first(ALL, kept.universe.problem.small)
    sign_of: dict[str, str] = {}

    def alter(document: dict[str, Any]) -> None:
        sign_of.update(document["status"])
        show(place, kept.values[cell])(document)
        document["status"] = sign_of

    change(out / MARCH, alter)
    found = said(look(out / MARCH))
    assert "has both a number and a sign in 1 cells" in found
    assert "small cells are shown" in found


def test_a_cell_without_number_and_sign(out: Path, look: Look) -> None:
    kept = Kept(out / MARCH)
    place, _ = kept.first(ALL, kept.universe.problem.small)

    def alter(document: dict[str, Any]) -> None:
        show(place, 0)(document)
        document["value"][document["value"].index(0, place)] = None

    change(out / MARCH, alter)
    assert "has neither a number nor a sign in 1 cells" in said(look(out / MARCH))


def test_a_table_in_another_language_is_missing(out: Path, look: Look) -> None:
    jsonstat(out / MARCH, "nn").unlink()
    sign(out / MARCH)
    assert "table 99901: is not there once as JSON-stat in every language" in said(
        look(out / MARCH)
    )


@pytest.mark.parametrize("part", ["table", "round"])
def test_a_table_under_another_name(out: Path, look: Look, part: str) -> None:
    kept = Kept(out / MARCH)
    place, cell = kept.first(ALL, kept.universe.problem.small)

    def alter(document: dict[str, Any]) -> None:
        show(place, kept.values[cell])(document)
        extension = document["extension"]
        if part == "table":
            extension["px"]["tableid"] = "other"
        else:
            extension["kostra"]["rounds"]["2025"] = BEFORE

    change(out / MARCH, alter)
    assert "2026-03 table 99901: is not among the files of its round" in said(look(out / MARCH))


# --- texts --------------------------------------------------------------------------------

UNACCOUNTED = "text with digits that nothing accounts for"


def into_note(document: dict[str, Any]) -> None:
    document["note"].append("I Hammerfest var det 2 personer.")


def into_label(document: dict[str, Any]) -> None:
    document["label"] += " (7)"


def into_known_words(document: dict[str, Any]) -> None:
    document["note"][-1] = "Mottakere 18-55 år: 3."


def into_extension(document: dict[str, Any]) -> None:
    document["extension"]["kostra"]["most"] = 3


def into_a_name(document: dict[str, Any]) -> None:
    document["extension"]["kostra"]["3 persons"] = True


def into_category(document: dict[str, Any]) -> None:
    label = document["dimension"]["KOKkommuneregion0000"]["category"]["label"]
    label["0301"] += " 3"


@pytest.mark.parametrize("alter", [into_note, into_label, into_known_words, into_category])
def test_a_text_in_a_table_that_carries_a_number(
    out: Path, look: Look, alter: Callable[[dict[str, Any]], None]
) -> None:
    change(out / MARCH, alter, "nb")
    assert f"2026-03 public/statbank/jsonstat/99901.nb.json: has a {UNACCOUNTED}" in said(
        look(out / MARCH)
    )


@pytest.mark.parametrize("alter", [into_extension, into_a_name])
def test_a_member_that_tables_do_not_have(
    out: Path, look: Look, alter: Callable[[dict[str, Any]], None]
) -> None:
    change(out / MARCH, alter, "nb")
    found = said(look(out / MARCH))
    assert "jsonstat/99901.nb.json: is not a table in JSON-stat as this program writes it" in found


STRAY: dict[str, str] = {
    "public/statbank/Moss-17.json": "is not where a file of the release should be",
    "public/statbank/17/99901.csv": "is not where a file of the release should be",
    "public/Moss-17/index.html": "is not where a file of the release should be",
    "statbank-load/17/syntetisk-99901.dat": "is not where a file of the release should be",
    "nav/Moss-17.json": "is no record of a package",
}


def test_files_and_folders_where_none_should_be(out: Path, look: Look) -> None:
    for file in STRAY:
        (out / MARCH / file).parent.mkdir(parents=True, exist_ok=True)
        (out / MARCH / file).write_text("{}", encoding="utf-8")
    (out / MARCH / "public" / "Moss-18").mkdir()
    about = "public/statbank/csv/99901.metadata.csv"
    (out / MARCH / about).unlink()
    sign(out / MARCH)
    found = said(look(out / MARCH))
    for file, how in STRAY.items():
        assert f"{file}: {how}" in found
    assert "public/Moss-18: is an empty folder" in found
    assert f"{about}: is missing" in found


@pytest.mark.parametrize(
    "words",
    [
        "<p>I alt 3 personer</p>",
        '<p title="3 personer">I alt</p>',
        "<!-- 3 -->",
        "<svg><text>3</text></svg>",
        "<p>1&#160;234 personer</p>",
        "<script>var most = 3;</script>",
        "<p>16. mars 2026: 3</p>",
    ],
    ids=["text", "attribute", "comment", "chart", "thousands", "script", "date"],
)
def test_a_page_that_carries_a_number(out: Path, look: Look, words: str) -> None:
    page = out / MARCH / "public" / "statbank" / "index.en.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("</main>", f"{words}</main>"), encoding="utf-8")
    sign(out / MARCH)
    assert f"2026-03 public/statbank/index.en.html: has a {UNACCOUNTED}" in said(look(out / MARCH))


def test_a_file_of_a_kind_that_nobody_can_read(out: Path, look: Look) -> None:
    (out / MARCH / "public" / "more.txt").write_text("1;2;3\n")
    sign(out / MARCH)
    assert "more.txt: is of a kind that the audit does not know" in said(look(out / MARCH))


@pytest.mark.parametrize("written", ["{}", "{} kr", "{: }", "kr {:\N{NO-BREAK SPACE}}", "a;{};b"])
def test_a_hidden_number_in_what_is_handed_over(out: Path, look: Look, written: str) -> None:
    universe = Kept(out / MARCH).universe
    small = universe.problem.small & universe.problem.listed
    cell = int(np.flatnonzero(small)[0])
    inner = universe.problem.inner.copy()
    inner[universe.problem.rows[[cell]].indices[0]] += 47_110
    keep(out / MARCH, replace(universe, problem=replace(universe.problem, inner=inner)))
    hidden = int(universe.problem.rows[[cell]].toarray()[0] @ inner)
    (out / MARCH / "nav").mkdir()
    (out / MARCH / "nav" / "margin.csv").write_text(grouped(written, hidden), encoding="utf-8")
    sign(out / MARCH)
    assert "nav/margin.csv: holds the numbers of 1 hidden cells" in said(look(out / MARCH))


def grouped(written: str, number: int) -> str:
    before, _, separator_and_after = written.partition("{")
    separator, _, after = separator_and_after.partition("}")
    return before + f"{number:,}".replace(",", separator.removeprefix(":")) + after


# --- files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [f"public/statbank/jsonstat/{TABLE}.nb.json", "internal/quality.json"]
)
def test_an_altered_file(out: Path, look: Look, path: str) -> None:
    file = out / MARCH / path
    file.write_bytes(file.read_bytes() + b" ")
    assert f"2026-03 {path}: the file has been altered" in said(look(out / MARCH))


def test_a_file_more(out: Path, look: Look) -> None:
    (out / MARCH / "public" / "more.json").write_text("{}")
    assert "more.json: the file is not in the manifest" in said(look(out / MARCH))


def test_a_folder_that_is_no_release(tmp_path: Path, look: Look) -> None:
    with pytest.raises(ReleaseError, match=FILE):
        look(tmp_path)


def test_a_release_that_keeps_no_universe(out: Path, look: Look) -> None:
    shutil.rmtree(out / MARCH / "internal" / "disclosure" / "2025")
    sign(out / MARCH)
    with pytest.raises(DisclosureError, match="does not keep what it was protected as"):
        look(out / MARCH)


def test_a_release_that_has_lost_a_universe(out: Path, look: Look) -> None:
    [folder] = (out / MARCH / "internal" / "disclosure").glob("*/*-persons")
    shutil.rmtree(folder)
    sign(out / MARCH)
    with pytest.raises(DisclosureError, match=r"cells\.parquet cannot be read"):
        look(out / MARCH)


def test_other_specs_than_the_release_was_made_of(
    out: Path, specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "specs"
    shutil.copytree(specs, changed)
    path = changed / f"{TABLE}.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# later\n", encoding="utf-8")
    assert audit([out / MARCH], specs=changed, templates=TEMPLATES).unread == (MARCH,)
    with pytest.raises(SystemExit):
        main(["audit", str(out / MARCH), "--specs", str(changed)])
    assert "texts of 2026-03 were not looked at" in capsys.readouterr().out.replace("\n", " ")


def test_a_leak_has_an_exit_code_of_its_own_and_tells_no_figure(
    out: Path, specs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    telling = "Det var 8 642 097 531 personer."
    change(out / MARCH, lambda document: document["note"].append(telling))
    with pytest.raises(SystemExit) as stopped:
        main(["audit", str(out / MARCH), "--specs", str(specs)])
    assert stopped.value.code == LeakError.exit_code == 8
    printed = capsys.readouterr()
    assert "1 violation:" in printed.err
    assert "642" not in printed.out + printed.err


# --- publish ------------------------------------------------------------------------------


def test_publish_refuses_what_gives_something_away(
    data: Path, specs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine hides too little: whatever it protects small cells by is shown."""
    protect = protection.protect

    def careless(*arguments: Any, **named: Any) -> Protected:
        protected = protect(*arguments, **named)
        [universe] = protected.universes
        [cube] = protected.cubes
        secondary = universe.problem.listed & ~universe.problem.small & ~universe.visible
        first = universe.rests[TABLE][:, 1]
        places = universe.rests[TABLE][secondary[first], 0]
        shown = pl.int_range(pl.len()).is_in(places.tolist())
        cells = cube.frame().select(
            pl.when(shown).then(pl.col("value").fill_null(4.0)).otherwise("value").alias("value"),
            pl.when(~shown).then("status").alias("status"),
        )
        leaking = SafeCube(SEAL, cube.table, cube.dimensions, cells, cube.vintages)
        visible = universe.visible | secondary
        return replace(protected, cubes=[leaking], universes=(replace(universe, visible=visible),))

    monkeypatch.setattr(making, "protect", careless)
    with pytest.raises(LeakError, match="small cells follow from what is shown") as refused:
        publish_round(MARCH, data, tmp_path / "out", specs)
    assert "Nothing has been published" in str(refused.value)
    assert not list((tmp_path / "out").glob("20*"))
    assert not list((tmp_path / "out").glob(".staging*"))
    assert json.dumps(str(refused.value)).count("99901") >= 1
