"""Nothing but a safe cube can be written: types, imports and the running program all say so."""

import copy
import pickle
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from mypy import api

from kostra_publish.cube.cube import Cube, State
from kostra_publish.disclosure.safe import SafeCube, only_safe
from kostra_publish.disclosure.seal import SEAL
from kostra_publish.outputs.overview import write_overview
from kostra_publish.outputs.quality import signs
from kostra_publish.outputs.registry import FORMATS, Format
from kostra_publish.releases.history import cube_files
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from tests.cubes import catalogue, sample
from tests.pages.few_figures import PAGES
from tests.schedule import release_facts

ROOT = Path(__file__).parents[2]
RELEASE = release_facts("2026-03")
SAFE = sample()
SECRET = 123456.0


def true_cube() -> Cube:
    size = len(SAFE.values)
    return Cube(
        SAFE.table,
        2025,
        SAFE.dimensions,
        np.full(size, SECRET),
        np.full(size, 2),
        np.full(size, State.FIGURE, dtype=np.uint8),
    )


# --- as it runs ---

Writer = Callable[[SafeCube], Iterable[object]]


def writer_of(write: Format) -> Writer:
    # Where there is a site, there is a feed, too.
    words = replace(catalogue([SAFE.table]), pages=PAGES)
    return lambda cube: write([SAFE, cube], words, RELEASE)


WRITERS: dict[str, Writer] = {
    **{name: writer_of(write) for name, write in FORMATS.items()},
    "overview": lambda cube: write_overview(
        [cube], catalogue([SAFE.table]), RELEASE, ROOT / "templates"
    ),
    "history": cube_files,
    "quality": lambda cube: [signs(cube)],
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_writer_takes_safe_cubes_only(writer: str) -> None:
    assert list(WRITERS[writer](SAFE))
    frame = pl.DataFrame({"value": [SECRET], "status": [None]})
    for unsafe in (true_cube(), frame, frame["value"], None):
        with pytest.raises(TypeError, match="only safe cubes can be written") as error:
            list(WRITERS[writer](unsafe))  # type: ignore[arg-type]  # what is tested
        assert type(unsafe).__name__ in str(error.value)
        assert "123456" not in str(error.value)


def test_what_looks_like_a_safe_cube_is_none() -> None:
    class Lookalike:
        table, dimensions, vintages = SAFE.table, SAFE.dimensions, SAFE.vintages
        values, statuses = SAFE.values, SAFE.statuses
        __class__ = SafeCube  # type: ignore[assignment]  # what is tested

    with pytest.raises(TypeError, match="Lookalike"):
        only_safe([SAFE, Lookalike()])  # type: ignore[list-item]  # what is tested


@pytest.mark.parametrize("seal", [None, object(), type(SEAL)(), "SEAL"])
def test_no_cube_is_safe_without_the_seal(seal: object) -> None:
    parts = SAFE.table, SAFE.dimensions, SAFE.frame(), SAFE.vintages
    with pytest.raises(TypeError, match="disclosure control"):
        SafeCube(seal, *parts)  # type: ignore[arg-type]  # what is tested
    with pytest.raises(TypeError, match="disclosure control"):
        SafeCube.__new__(SafeCube, seal)  # type: ignore[arg-type]  # what is tested


def test_nothing_in_a_safe_cube_changes() -> None:
    cube = sample()
    for name in (*SafeCube.__slots__, "values", "statuses", "size", "anything"):
        with pytest.raises(AttributeError):
            setattr(cube, name, None)
        with pytest.raises(AttributeError):
            delattr(cube, name)
    with pytest.raises(TypeError):
        cube.vintages[2030] = cube.vintages[2025]  # type: ignore[index]  # what is tested
    assert cube.frame().equals(SAFE.frame())


def test_a_safe_cube_is_not_made_anew() -> None:
    cube = sample()
    parts = cube.table, cube.dimensions, sample(seed=2).frame(), cube.vintages
    with pytest.raises(AttributeError):
        cube.__init__(SEAL, *parts)
    assert cube.frame().equals(SAFE.frame())


def test_a_safe_cube_hands_out_copies_and_keeps_one() -> None:
    given = SAFE.frame().select("value", "status")
    cube = SafeCube(SEAL, SAFE.table, SAFE.dimensions, given, SAFE.vintages)
    hidden = int(cube.statuses.is_not_null().arg_true()[0])
    for frame in (given, cube.frame()):
        frame[hidden, "value"] = SECRET
        frame[hidden, "status"] = None
    cube.values[hidden] = SECRET
    assert cube.frame().equals(SAFE.frame())


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_safe_cube_is_not_copied_past_the_seal(duplicate: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        duplicate(SAFE)


def test_a_pickle_makes_no_safe_cube() -> None:
    by_hand = b"\x80\x02" + b"ckostra_publish.disclosure.safe\nSafeCube\n" + b")\x81."
    with pytest.raises(TypeError):
        pickle.loads(by_hand)  # noqa: S301  # written two lines above


def test_nothing_is_a_kind_of_safe_cube() -> None:
    with pytest.raises(TypeError, match="no kinds"):
        type("Kind", (SafeCube,), {})


def test_a_part_of_a_safe_cube_has_its_cells_and_no_others() -> None:
    part = SAFE.part({"Kjonn": ["2", "0"], KOMMUNE_REGION: ["EAK", "0301"], TIME: ["2025"]})
    assert [one.codes for one in part.dimensions] == [
        ("0301", "EAK"),
        ("0", "2"),
        SAFE.dimension(CONTENTS).codes,
        ("2025",),
    ]
    assert part.vintages == {2025: SAFE.vintages[2025]}
    codes = [one.code for one in SAFE.dimensions]
    assert SAFE.frame().join(part.frame(), on=codes, how="semi").equals(part.frame())
    assert SAFE.part({}).frame().equals(SAFE.frame())


def test_a_total_that_is_left_out_of_a_part_is_none() -> None:
    assert [SAFE.part({"Kjonn": [code]}).dimension("Kjonn").total for code in "01"] == ["0", None]


@pytest.mark.parametrize(
    ("picked", "said"),
    [
        ({"Alder": ["1"]}, "has no dimension Alder"),
        ({"Kjonn": ["9"]}, "has no 9"),
        ({"Kjonn": []}, "nothing is picked of Kjonn"),
    ],
)
def test_a_part_that_is_not_there_is_refused(picked: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SAFE.part(picked)


# --- as mypy sees it ---

SNIPPET = """
from pathlib import Path

import polars as pl

from kostra_publish.cube.cube import Cube
from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.outputs.jsonstat import write_jsonstat
from kostra_publish.outputs.overview import write_overview
from kostra_publish.outputs.quality import signs
from kostra_publish.outputs.registry import FORMATS, Format
from kostra_publish.releases.history import cube_files
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.specs.catalogue import Catalogue

def renderer_of_true_cubes(
    cubes: list[Cube], catalogue: Catalogue, release: ReleaseFacts
) -> list[tuple[str, bytes]]:
    return []

def uses(
    safe: SafeCube, true: Cube, frame: pl.DataFrame, catalogue: Catalogue, release: ReleaseFacts
) -> None:
    write_jsonstat([safe], catalogue, release)
    write_jsonstat([true], catalogue, release)  # error: list-item
    write_jsonstat([frame], catalogue, release)  # error: list-item
    write_overview([safe], catalogue, release, Path())
    write_overview([true], catalogue, release, Path())  # error: list-item
    cube_files(safe)
    cube_files(true)  # error: arg-type
    cube_files(frame)  # error: arg-type
    signs(safe)
    signs(true)  # error: arg-type
    for write in FORMATS.values():
        write([safe], catalogue, release)
        write([true], catalogue, release)  # error: list-item
        write([frame], catalogue, release)  # error: list-item
    one: Format = write_jsonstat
    other: Format = renderer_of_true_cubes  # error: assignment
    safe.table = true.table  # error: misc
    safe.vintages[2025] = safe.vintages[2024]  # error: index
    SafeCube(object(), safe.table, safe.dimensions, frame, safe.vintages)  # error: arg-type

class Kind(SafeCube):  # error: misc
    pass
"""


def test_the_type_checker_lets_safe_cubes_through_and_nothing_else(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(SNIPPET)
    marks = [line.partition("# error: ")[2] for line in SNIPPET.splitlines()]
    expected = [(number, code) for number, code in enumerate(marks, start=1) if code]
    printed, complaint, _ = api.run(
        [
            f"--config-file={ROOT / 'pyproject.toml'}",
            f"--cache-dir={ROOT / '.mypy_cache'}",
            "--no-error-summary",
            "--hide-error-context",
            str(snippet),
        ]
    )
    assert not complaint
    errors = [line for line in printed.splitlines() if ": error: " in line]
    found = [(int(line.split(":")[1]), line.rpartition("[")[2].rstrip("]")) for line in errors]
    assert sorted(set(found)) == expected, printed


# --- as the import contracts say ---

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

WRITTEN = "What is written has passed disclosure control"
PROBLEMS = "Nor to what engine and attack work on"
SEALED = "Only disclosure control can make a safe type"
FROM_DISK = "Only history takes cubes from disk as safe"
LEAKS = {
    "outputs/leak.py": ("from kostra_publish.cube.cube import Cube", WRITTEN),
    "outputs/roundabout.py": ("import kostra_publish.disclosure.primary", WRITTEN),
    "outputs/problem.py": ("from kostra_publish.disclosure.problem import Problem", PROBLEMS),
    "outputs/unsealed.py": ("from kostra_publish.disclosure.seal import SEAL", SEALED),
    "outputs/from_disk.py": ("from kostra_publish.disclosure.stored import restore", FROM_DISK),
    "releases/leak.py": ("from kostra_publish.microdata.reading import read", WRITTEN),
    "releases/unsealed.py": ("from kostra_publish.disclosure import seal", SEALED),
    "disclosure/attack/unsealed.py": ("from kostra_publish.disclosure.seal import SEAL", SEALED),
}


def lint_imports(folder: Path, leaks: Iterable[str]) -> str:
    """What import-linter says of the program with these files of LEAKS in it."""
    shutil.copytree(
        ROOT / "kostra_publish",
        folder / "kostra_publish",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(ROOT / "pyproject.toml", folder)
    for leak in leaks:
        (folder / "kostra_publish" / leak).write_text(LEAKS[leak][0] + "\n")
    linter = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", linter, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("leak", LEAKS)
def test_a_way_around_the_safe_types_breaks_an_import_contract(leak: str, tmp_path: Path) -> None:
    said = lint_imports(tmp_path, [leak])
    broken = [one["name"] for one in CONTRACTS["contracts"] if f"{one['name']} BROKEN" in said]
    assert [name for name in broken if name.startswith(LEAKS[leak][1])]


def test_without_a_leak_the_import_contracts_hold(tmp_path: Path) -> None:
    assert f"{len(CONTRACTS['contracts'])} kept, 0 broken" in lint_imports(tmp_path, [])


def test_every_room_that_writes_is_kept_from_true_values() -> None:
    rooms = {
        WRITTEN: {"outputs", "pages", "nav", "releases", "drafts", "preview", "showing"},
        PROBLEMS: {"outputs", "pages", "nav"},
    }
    there = {path.stem for path in (ROOT / "kostra_publish").iterdir()}
    for start, names in rooms.items():
        (contract,) = [one for one in CONTRACTS["contracts"] if one["name"].startswith(start)]
        kept = {f"kostra_publish.{room}" for room in names & there}
        assert kept == set(contract["source_modules"])
