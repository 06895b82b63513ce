"""The lines of docs/guide/loading.md do as they say, with a client that reaches nothing."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pandas as pd
import pytest
import statbank
from statbank.uttrekk import StatbankUttrekksBeskrivelse

from kostra_publish.loading import validate
from tests.guides import blocks
from tests.loading.test_validation import DESCRIPTION, FIGURES
from tests.outputs.loading import client

README = Path(__file__).parents[2] / "README.md"

THEIRS = DESCRIPTION.replace(b"13995.dat", b"KostraSosial1.dat")

Tables = dict[str, pd.DataFrame]


class Client:
    """The statbank's client, but what it would fetch is here, and what it sends stays here."""

    sent: Tables

    def __init__(self, date: str, shortuser: str) -> None:
        assert date
        assert shortuser

    def get_description(self, table: str) -> StatbankUttrekksBeskrivelse:
        found = client(THEIRS)
        assert found.tableid == table
        return found

    def validate(self, data: Tables, table: str) -> dict[str, ValueError]:
        return self.get_description(table).validate(data)

    def transfer(self, data: Tables, _table: str) -> None:
        Client.sent = data


def test_the_guide_sends_the_bytes_of_the_load_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out" / "2026-03" / "statbank-load"
    folder.mkdir(parents=True)
    (folder / "13995.dat").write_bytes(FIGURES)
    (folder / "13995.uttrekksbeskrivelse.json").write_bytes(DESCRIPTION)
    monkeypatch.setattr(statbank, "StatbankClient", Client)
    [lines] = blocks("loading", "python")
    with contextlib.chdir(tmp_path):
        exec(lines, {})  # noqa: S102  # what the guide tells its readers to run
    [(name, table)] = Client.sent.items()
    text = table.to_csv(sep=";", index=False, header=False).replace("\n", "\r\n")
    assert text.encode() == FIGURES
    found = validate(folder / "13995.dat", tmp_path / "13995.json", name)
    assert (found.findings, found.doubts) == ((), ())


def test_the_readme_shows_the_lines_of_the_guide() -> None:
    [lines] = blocks("loading", "python")
    assert f"```python\n{lines}```" in README.read_text(encoding="utf-8")
