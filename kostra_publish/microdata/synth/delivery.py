"""Writes the synthetic årganger: each dataset as it stood in March and in June."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from kostra_publish.errors import UsageError
from kostra_publish.microdata.contracts import DATASETS, SYNTHETIC
from kostra_publish.microdata.files import file_name, is_synthetic
from kostra_publish.microdata.synth import filuttrekk as positional
from kostra_publish.microdata.synth import registers, skjema11, skjema11c
from kostra_publish.microdata.synth.columns import Journals
from kostra_publish.microdata.synth.identity import Issuer
from kostra_publish.microdata.synth.places import Places, places
from kostra_publish.microdata.synth.regnskap import regnskap
from kostra_publish.microdata.synth.reporting import Round, delivered, innrapportering, missing
from kostra_publish.microdata.synth.skjema7 import skjema7
from kostra_publish.microdata.synth.skjema12 import skjema12
from kostra_publish.microdata.synth.targets import FIRST_VINTAGE, LAST_VINTAGE, Floats
from kostra_publish.microdata.writing import writing

Progress = Callable[[str], None]

_ROUNDS: tuple[Round, ...] = ("mars", "juni")
_PERSON_FORMS = {"skjema11": "11F", "skjema11c": "11CF"}
_UNIT = ("KOMMUNE_NR", "BYDELSNR")
_ROW_GROUP = 200_000


def write(
    out: Path,
    *,
    vintages: Sequence[int],
    seed: int = 1,
    scale: float = 1.0,
    filuttrekk: bool = True,
    progress: Progress | None = None,
) -> list[Path]:
    """Write every dataset of each vintage into ``out``, and return the files in order.

    Files are ``<dataset>_p<year>_v1.parquet`` (the March delivery) and ``…_v2.parquet``
    (June), and with ``filuttrekk`` the June records of 11F and 11CF as
    ``filuttrekk/<year>/<form>/<kommune>.dat``. The Parquet footers say ``synthetic`` = "true"
    and ``delivered`` = the date.

    ``scale`` multiplies persons, not kommuner: 1 is Norway, 100 gives about 16 million rows of
    skjema 11 a vintage, made and written in parts of one Norway each, so that memory does not
    grow with it. No filuttrekk is written above 1. The same seed gives the same bytes.

    Files that are there are replaced when they are synthetic too. All are made beside their
    places first, so that a run that fails has changed nothing.

    Raises UsageError for a vintage without population figures, a scale that is not positive
    or a file in the way that is not synthetic, ReleaseError where ``out`` cannot be written.
    """
    _refuse(vintages, scale)
    with writing(f"cannot write in {out}", fix="Nothing has been changed; mend it and run again."):
        _refuse_real(out, vintages)
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".parts-") as folder:
            made = Path(folder, "made")
            made.mkdir()
            files: list[Path] = []
            for vintage in vintages:
                with tempfile.TemporaryDirectory(dir=folder) as parts:
                    norway = places(vintage, seed)
                    delivery = _Delivery(norway, scale, made, Path(parts), progress or _silent)
                    files += delivery.write(records=filuttrekk and scale <= 1)
            return [_put(path, out / path.relative_to(made)) for path in files]


def _put(made: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return made.replace(target)


def _silent(_: str) -> None:
    """Progress nobody listens to."""


def _refuse(vintages: Sequence[int], scale: float) -> None:
    for vintage in vintages:
        if not FIRST_VINTAGE <= vintage <= LAST_VINTAGE:
            raise UsageError(
                f"there is no synthetic årgang {vintage}",
                fix=f"Use years from {FIRST_VINTAGE} to {LAST_VINTAGE}.",
            )
    if not (math.isfinite(scale) and scale > 0):
        raise UsageError("the scale must be a positive number", fix="Use 1 for a whole country.")


def _refuse_real(out: Path, vintages: Sequence[int]) -> None:
    """Raise UsageError when something that would be replaced is not synthetic, naming it."""
    versions = range(1, len(_ROUNDS) + 1)
    datasets = (
        out / file_name(dataset, vintage, version)
        for vintage in vintages
        for dataset in DATASETS
        for version in versions
    )
    records = chain.from_iterable(
        sorted((out / "filuttrekk" / str(vintage) / form).glob("*.dat"))
        for vintage in vintages
        for form in _PERSON_FORMS.values()
    )
    real = [path for path in datasets if path.exists() and not is_synthetic(path)]
    real += [path for path in records if not _all_synthetic(path)]
    if real:
        names = ", ".join(path.relative_to(out).as_posix() for path in real)
        raise UsageError(
            f"in {out} there are files that are not synthetic and would be replaced: {names}",
            fix="Name another folder with --out.",
        )


def _all_synthetic(path: Path) -> bool:
    """Whether every record of a filuttrekk says that it is synthetic."""
    return all(SYNTHETIC.encode() in line for line in path.read_bytes().splitlines() if line)


@dataclass
class _Delivery:
    """One vintage on its way to disk; ``paid`` and ``units`` grow part by part.

    ``paid`` is kr by kommune; ``units`` the kommuner (bydeler) with rows, by round and form.
    """

    places: Places
    scale: float
    out: Path
    parts: Path
    say: Progress
    paid: dict[str, Floats] = field(init=False)
    units: dict[Round, dict[str, pl.DataFrame]] = field(init=False)

    def __post_init__(self) -> None:
        nothing = np.zeros(len(self.places.kommuner))
        empty = pl.DataFrame(schema=dict.fromkeys(_UNIT, pl.String))
        self.paid = dict.fromkeys(_PERSON_FORMS, nothing)
        self.units = {when: dict.fromkeys(_PERSON_FORMS, empty) for when in _ROUNDS}

    def write(self, *, records: bool) -> list[Path]:
        """Both versions of every dataset, and the filuttrekk where ``records``."""
        self._write_parts(math.ceil(self.scale))
        written = []
        for version, when in enumerate(_ROUNDS, start=1):
            self.say(f"{self.places.vintage}: the delivery of {when}")
            for dataset in _PERSON_FORMS:
                parts = pl.scan_parquet(self.parts / f"{dataset}_{when}_*.parquet")
                written.append(self._store(parts, dataset, when, version))
            for dataset, frame in self._other_forms().items():
                kept = self._reported(frame, dataset, when)
                written.append(self._store(kept.lazy(), dataset, when, version))
            report = innrapportering(self.places, when, self.units[when])
            written.append(self._store(report.lazy(), "innrapportering", when, version))
        return written + (self._write_filuttrekk() if records else [])

    def _write_parts(self, count: int) -> None:
        """Skjema 11 and 11C, part by part, each part as it stood in March and in June."""
        vintage = self.places.vintage
        issuers = {"skjema11": Issuer(vintage), "skjema11c": Issuer(vintage, from_the_end=True)}
        letters = positional.lettered(vintage)
        journals = {dataset: Journals(self.places, letters) for dataset in _PERSON_FORMS}
        for number in range(count):
            self.say(f"{vintage}: skjema 11 and 11C, part {number + 1} of {count}")
            for dataset, build in (("skjema11", skjema11.build), ("skjema11c", skjema11c.build)):
                part = build(
                    self.places,
                    issuers[dataset],
                    journals[dataset],
                    part=number,
                    size=self.scale / count,
                )
                self.paid[dataset] = self.paid[dataset] + part.paid
                self._keep(part.march(), dataset, "mars", number)
                self._keep(part.june, dataset, "juni", number)

    def _keep(self, frame: pl.DataFrame, dataset: str, when: Round, number: int) -> None:
        kept = self._reported(frame, dataset, when)
        seen = pl.concat([self.units[when][dataset], kept.select(_UNIT)])
        self.units[when][dataset] = seen.unique()
        kept.write_parquet(self.parts / f"{dataset}_{when}_{number:05}.parquet", compression="lz4")

    def _other_forms(self) -> dict[str, pl.DataFrame]:
        accounts = regnskap(self.places, self.paid["skjema11"], self.paid["skjema11c"])
        return {
            "skjema7": skjema7(self.places),
            "skjema12": skjema12(self.places),
            "regnskap": accounts,
            "befolkning": registers.befolkning(self.places.vintage),
            "introduksjon": registers.introduksjon(self.places),
        }

    def _reported(self, frame: pl.DataFrame, dataset: str, when: Round) -> pl.DataFrame:
        absent = sorted(missing(self.places, dataset, when))
        return frame.filter(~pl.col("KOMMUNE_NR").is_in(absent))

    def _store(self, rows: pl.LazyFrame, dataset: str, when: Round, version: int) -> Path:
        vintage = self.places.vintage
        path = self.out / f"{dataset}_p{vintage}_v{version}.parquet"
        rows.sink_parquet(
            path,
            row_group_size=_ROW_GROUP,
            maintain_order=True,
            metadata={"synthetic": "true", "delivered": delivered(vintage, when)},
        )
        return path

    def _write_filuttrekk(self) -> list[Path]:
        self.say(f"{self.places.vintage}: filuttrekk")
        written = []
        for dataset, form in _PERSON_FORMS.items():
            parts = sorted(self.parts.glob(f"{dataset}_juni_*.parquet"))
            frame = pl.concat([pl.read_parquet(part) for part in parts])
            target = self.out / "filuttrekk"
            written += positional.write_files(frame, form, self.places.vintage, target)
        return written
