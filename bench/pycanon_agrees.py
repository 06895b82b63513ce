"""Whether pyCANON measures rows that are handed over as we do: k, l and t.

    python bench/pycanon_agrees.py ROWS SPEC DATASET

ROWS is the CSV or Parquet file of a package, SPEC its file in ``table_specs/nav/``, DATASET the id
of the record set: it says which columns are quasi-identifiers and which are sensitive. pyCANON
pins versions of its own, so it is installed with pip in an environment of its own, in a temporary
folder. Ends with 1 where the two differ.

k is the same for both. l and t are by sensitive column. Our l is over the classes that tell any
value, so pyCANON gets only those: a class in which the column is ``alle`` throughout tells
nothing. t is half the sum of the absolute differences of shares, which is the distance that
pyCANON takes for text.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import polars as pl

from kostra_publish.disclosure.records.measures import distance, distinct, quasi_identifiers
from kostra_publish.specs import yaml_text
from kostra_publish.specs.delivery import ALL, Delivery, RecordSet

PACKAGE = "pycanon"
ALIKE = 1e-6

THEIRS = """
import json, sys
import pandas as pd
from pycanon import anonymity

asked = json.load(open(sys.argv[1]))
rows = pd.read_csv(sys.argv[2], dtype=str, keep_default_na=False)
quasi = asked["quasi"]
found = {"k": int(anonymity.k_anonymity(rows, quasi))}
for name in asked["sensitive"]:
    told = rows[name].ne(asked["all"]).groupby([rows[one] for one in quasi]).transform("any")
    own = rows[told].reset_index(drop=True)
    found[f"l {name}"] = int(anonymity.l_diversity(own, quasi, [name])) if len(own) else None
    found[f"t {name}"] = float(anonymity.t_closeness(rows, quasi, [name]))
print(json.dumps(found))
"""


def ours(rows: pl.DataFrame, records: RecordSet) -> dict[str, float | None]:
    quasi = quasi_identifiers(records)
    found: dict[str, float | None] = {"k": int(rows.group_by(quasi).len()["len"].to_numpy().min())}
    for name in sensitive(records):
        found[f"l {name}"] = distinct(rows, quasi, name)
        found[f"t {name}"] = distance(rows, quasi, name)
    return found


def theirs(rows: pl.DataFrame, records: RecordSet, folder: Path) -> dict[str, float | None]:
    """What pyCANON says, in an environment that is made in ``folder``."""
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    quiet = ["-q", "--disable-pip-version-check", "--no-input"]
    subprocess.run([python, "-m", "pip", "install", *quiet, PACKAGE], check=True)
    asked = {"quasi": quasi_identifiers(records), "sensitive": sensitive(records), "all": ALL}
    (folder / "asked.json").write_text(json.dumps(asked))
    rows.write_csv(folder / "rows.csv")
    files = str(folder / "asked.json"), str(folder / "rows.csv")
    command = [python, "-W", "ignore", "-c", THEIRS, *files]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float | None] = json.loads(done.stdout)
    return found


def sensitive(records: RecordSet) -> list[str]:
    return [one.name for one in records.variables if one.role == "sensitive"]


def read(path: Path) -> pl.DataFrame:
    """The rows, all of them text."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    separator = ";" if ";" in path.open().readline() else ","
    return pl.read_csv(path, separator=separator, infer_schema=False)


def record_set(spec: Path, name: str) -> RecordSet:
    delivery = Delivery.model_validate(yaml_text.read(spec).content)
    found = [one for one in delivery.datasets if one.id == name]
    if not found or not isinstance(found[0], RecordSet):
        raise SystemExit(f"{spec} has no rows called {name}")
    return found[0]


def main() -> int:
    rows = read(Path(sys.argv[1]))
    records = record_set(Path(sys.argv[2]), sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        other = theirs(rows, records, Path(folder))
    own = ours(rows, records)
    agrees = True
    for name, number in own.items():
        same = number == other[name] or abs((number or 0) - (other[name] or 0)) < ALIKE
        agrees &= same
        print(
            f"{name:24} ours {number!s:22} pyCANON {other[name]!s:22} {'' if same else 'DIFFERS'}"
        )
    print("agrees" if agrees else "does not agree")
    return int(not agrees)


if __name__ == "__main__":
    sys.exit(main())
