"""Programs that read a statbank read the draft: pxwebpy and pyjstat."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pxweb import PxApi
from pyjstat import pyjstat
from requests.exceptions import HTTPError

from tests.outputs.test_jsonstat import Cells, cells
from tests.preview.few_drafts import TABLES
from tests.preview.pxwebapi.conftest import Api

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "previewing-and-explaining.md"


@pytest.fixture
def client(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PxApi:
    monkeypatch.chdir(tmp_path)
    return PxApi(api.address, max_workers=1)


def told(document: dict[str, Any]) -> Cells:
    codes = [[*document["dimension"][one]["category"]["index"]] for one in document["id"]]
    signs = document.get("status", {})
    return {
        key: (document["value"][place], signs.get(str(place)))
        for place, key in enumerate(product(*codes))
    }


def test_pxwebpy_lists_the_tables_with_what_they_are(api: Api, client: PxApi) -> None:
    assert client.number_of_tables == len(TABLES)
    assert [one["id"] for one in client.all_tables()] == [one.id for one in api.draft.tables]
    assert [one["id"] for one in client.search("bydel")["tables"]] == ["13995-bydel"]
    assert client.get_paths() == [{"id": "soshjelpk", "label": "Sosialtjenester (KOSTRA)"}]
    assert len(client.tables_on_path("soshjelpk")) == len(TABLES)
    assert [*Path().iterdir()] == []


@pytest.mark.parametrize("table_id", TABLES)
def test_pxwebpy_reads_every_cell_of_every_table(api: Api, client: PxApi, table_id: str) -> None:
    cube = api.draft.cubes[table_id]
    variables = client.get_table_variables(table_id)
    assert [*variables] == [one.code for one in cube.dimensions]
    rows = client.get_table_data_all(table_id, show="code")
    found = {tuple(row.values())[:-1]: row["value"] for row in rows}
    assert found == {key: value for key, (value, _) in cells(cube).items()}
    everything = {"selection": [{"variableCode": one, "valueCodes": ["*"]} for one in variables]}
    document = client._client.call(f"/tables/{table_id}/data", everything)
    assert told(document) == cells(cube)
    assert [*Path().iterdir()] == []


def test_pxwebpy_splits_what_is_too_large_for_one_answer(api: Api, client: PxApi) -> None:
    client._client.configuration["maxDataCells"] = 500
    rows = client.get_table_data_all("12367", show="code")
    found = {tuple(row.values())[:-1]: row["value"] for row in rows}
    assert found == {key: value for key, (value, _) in cells(api.draft.cubes["12367"]).items()}


def test_pxwebpy_asks_with_expressions_and_code_lists(api: Api, client: PxApi) -> None:
    region = "KOKkommuneregion0000"
    rows = client.get_table_data(
        "10509",
        {region: ["*"], "ContentsCode": ["top(1)"], "Tid": ["from(2024)"]},
        code_list={region: "vs_10509_kommune"},
        show="code",
    )
    contents = api.draft.cubes["10509"].dimension("ContentsCode").codes[0]
    part = api.draft.cubes["10509"].part(
        {
            region: ["0301", "1124"],
            "KOKutdanning0000": ["00"],
            "KOKstillingsomf0000": ["00"],
            "ContentsCode": [contents],
            "Tid": ["2024", "2025"],
        },
        without={"KOKutdanning0000", "KOKstillingsomf0000"},
    )
    found = {tuple(row.values())[:-1]: row["value"] for row in rows}
    assert found == {key: value for key, (value, _) in cells(part).items()}


def test_pxwebpy_is_told_what_is_wrong(client: PxApi) -> None:
    with pytest.raises(HTTPError, match=r"Non-existent value[^§]*no category of Tid is 2030"):
        client.get_table_data("13995", {"Tid": "2030"})
    client.language = "sv"
    with pytest.raises(HTTPError, match="Unsupported language"):
        client.get_table_metadata("13995")


def test_pxwebpy_asks_in_the_language_of_the_statbank(client: PxApi) -> None:
    client.language = "no"
    metadata = client.get_table_metadata("13995")
    assert "(utkast)" in metadata["label"]
    assert metadata["extension"]["px"]["language"] == "no"


# pyjstat's own ``write`` uses what it tells others not to use.
@pytest.mark.filterwarnings("ignore:Shouldn't use this function:DeprecationWarning:pyjstat")
@pytest.mark.parametrize("table_id", TABLES)
def test_pyjstat_reads_tables_by_address(api: Api, table_id: str) -> None:
    cube = api.draft.cubes[table_id]
    query = urlencode({f"valueCodes[{one.code}]": "*" for one in cube.dimensions})
    read = pyjstat.Dataset.read(f"{api.address}/tables/{table_id}/data?{query}")
    assert told(read) == cells(cube)
    frame = read.write("dataframe", naming="id")
    assert len(frame) == len(cube.values)
    assert [*frame["value"].isna()] == cube.values.is_null().to_list()


@pytest.mark.filterwarnings("ignore:Shouldn't use this function:DeprecationWarning:pyjstat")
def test_the_lines_of_the_guide_read_the_draft(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, section = GUIDE.read_text(encoding="utf-8").partition("## With other programs")
    blocks = re.findall(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    assert len(blocks) == 2
    origin = api.address.removesuffix("/api/v2")
    for block in blocks:
        exec(block.replace("http://127.0.0.1:8765", origin), {})  # noqa: S102  # what is tested
    assert "13995: " in capsys.readouterr().out
