"""The list of a table's files, beside what is written."""

from __future__ import annotations

from kostra_publish.outputs.distributions import TOP, distributions
from kostra_publish.outputs.registry import FORMATS
from tests.cubes import catalogue, sample
from tests.outputs.test_jsonstat import RELEASE


def written() -> set[str]:
    return {
        path.removeprefix(f"{TOP}/")
        for write in FORMATS.values()
        for path, _ in write([sample()], catalogue(), RELEASE)
    }


def test_every_file_with_figures_is_in_the_list() -> None:
    forms = ("jsonstat/13995.", "csv/13995.csv", "px/", "xlsx/", "parquet/")
    figures = {path for path in written() if path.startswith(forms)}
    described = {path for path in figures if path.endswith("-metadata.json")}
    assert figures - described == {one.path for one in distributions("13995")}


def test_files_of_a_table_have_names_of_their_own() -> None:
    paths = [one.path for one in distributions("13995")]
    assert len({*paths}) == len(paths)
    assert not {*paths} & {one.path for one in distributions("13995-bydel")}


def test_a_file_in_one_language_says_so() -> None:
    titles = {one.path: one.title for one in distributions("13995")}
    assert titles["jsonstat/13995.en.json"] == "JSON-stat (en)"
    assert titles["px/13995.px"] == "PX (nb, nn, en)"
