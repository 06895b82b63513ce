"""Earlier vintages come back from the release before exactly as they were published."""

from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from kostra_publish.disclosure.safe import SafeCube
from kostra_publish.disclosure.stored import merged, restore, with_history
from kostra_publish.errors import ReleaseError
from kostra_publish.releases.history import (
    cube_files,
    earlier_cubes,
    refuse_beside_later,
)
from kostra_publish.releases.life import standings
from kostra_publish.releases.manifest import Upon, write_manifest
from kostra_publish.releases.rounds import ReleaseFacts
from kostra_publish.releases.staging import staged
from kostra_publish.specs.dimensions import CONTENTS, KOMMUNE_REGION, TIME
from tests.cubes import REGIONS, cube, dimension, dimensions, facts, measure, sample, table
from tests.schedule import SCHEDULE, a_round, release_facts

BEFORE = {"0301": "Oslo", "1103": "Stavanger", "1507": "Aalesund (-2023)", "EAK": "Landet"}
AFTER = {"0301": "Oslo by", "1103": "Stavanger", "1508": "Aalesund", "1580": "Haram", "EAK": "L"}


def publish(out: Path, name: str, *cubes: SafeCube, previous: Path | None = None) -> Path:
    publication_round = a_round(name)
    with staged(out, name) as staging:
        for each in cubes:
            for path, data in cube_files(each):
                staging.write(path, data)
        write_manifest(
            staging,
            ReleaseFacts(publication_round, SCHEDULE),
            inputs=[],
            specs={},
            upon=Upon(previous),
        )
    return out / name


def manifest_of(release: Path) -> str:
    return sha256((release / "manifest.json").read_bytes()).hexdigest()


def assert_same(one: SafeCube, other: SafeCube) -> None:
    assert one.frame().equals(other.frame())
    assert one.dimensions == other.dimensions
    assert one.vintages == other.vintages


def year(of: SafeCube, vintage: int) -> pl.DataFrame:
    return of.frame().filter(pl.col(TIME) == str(vintage))


# --- kept and read back ---


def test_a_cube_comes_back_exactly(tmp_path: Path) -> None:
    cubes = {each.table.id: each for each in (sample("13995"), sample("14019", seed=2))}
    folder = publish(tmp_path, "2026-03", *cubes.values())
    found = earlier_cubes(folder, {name: each.table for name, each in cubes.items()})
    assert found.keys() == cubes.keys()
    for name, each in cubes.items():
        assert_same(found[name], each)


def test_the_same_cube_is_kept_as_the_same_bytes_however_it_lies_in_memory() -> None:
    whole = sample()
    frame = whole.frame().select("value", "status")
    in_two = pl.concat([frame[:10], frame[10:]], rechunk=False)
    again = cube(whole.table, whole.dimensions, list(whole.vintages.values()), cells=in_two)
    assert dict(cube_files(again)) == dict(cube_files(whole))


def test_a_table_that_was_not_published_then_is_not_found(tmp_path: Path) -> None:
    folder = publish(tmp_path, "2026-03", sample("13995"))
    assert earlier_cubes(folder, {"14019": table("14019")}) == {}


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_a_cube_that_has_been_altered_is_not_read(tmp_path: Path, kind: str) -> None:
    folder = publish(tmp_path, "2026-03", sample())
    path = folder / f"internal/cubes/13995.{kind}"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ReleaseError, match="not as it was published") as caught:
        earlier_cubes(folder, {"13995": table()})
    assert f"internal/cubes/13995.{kind}" in str(caught.value)


def test_half_a_cube_is_not_read(tmp_path: Path) -> None:
    folder = publish(tmp_path, "2026-03", sample())
    (folder / "internal/cubes/13995.parquet").unlink()
    with pytest.raises(ReleaseError, match="the file is missing"):
        earlier_cubes(folder, {"13995": table()})


def test_a_cube_that_does_not_read_is_named(tmp_path: Path) -> None:
    with staged(tmp_path, "2026-03") as staging:
        staging.write("internal/cubes/13995.json", b"{}")
        staging.write("internal/cubes/13995.parquet", b"not parquet")
        write_manifest(staging, release_facts("2026-03"), inputs=[], specs={})
    with pytest.raises(ReleaseError, match="table 13995 in release 2026-03 does not read"):
        earlier_cubes(tmp_path / "2026-03", {"13995": table()})


def test_cells_in_another_order_than_the_dimensions_are_refused() -> None:
    whole = sample()
    with pytest.raises(ValueError, match="not in the order"):
        restore(whole.table, whole.dimensions, whole.frame().reverse(), whole.vintages)


def test_a_measure_that_has_left_the_spec_leaves_the_table(tmp_path: Path) -> None:
    before = sample()
    folder = publish(tmp_path, "2026-03", before)
    spec = table(measures=[measure("KOSandel0000", decimals=1)])
    found = earlier_cubes(folder, {"13995": spec})["13995"]
    assert found.dimension(CONTENTS).codes == ("KOSandel0000",)
    kept = before.frame().filter(pl.col(CONTENTS) == "KOSandel0000")
    assert found.frame().equals(kept)


# --- carried on ---


def test_march_after_june_must_be_the_march_that_june_was_made_beside(tmp_path: Path) -> None:
    march, june = a_round("2026-03"), a_round("2026-06")
    first = publish(tmp_path, march.name, sample())
    publish(tmp_path, june.name, sample(), previous=first)
    refuse_beside_later(standings(tmp_path), march)
    refuse_beside_later(standings(tmp_path), march, manifest_of(first))
    refuse_beside_later(standings(tmp_path), june, "another")
    with pytest.raises(ReleaseError, match="2026-06 has been published beside other figures"):
        refuse_beside_later(standings(tmp_path), march, "another")


def test_march_is_refused_when_june_was_made_without_it(tmp_path: Path) -> None:
    publish(tmp_path, "2026-06", sample())
    with pytest.raises(ReleaseError, match="2026-06 has been published without this round"):
        refuse_beside_later(standings(tmp_path), a_round("2026-03"))
    # Other vintages show nothing of the same.
    refuse_beside_later(standings(tmp_path), a_round("2025-06"))


def test_what_lies_between_is_followed_back(tmp_path: Path) -> None:
    first = publish(tmp_path, "2025-06", sample())
    second = publish(tmp_path, "2026-03", sample(), previous=first)
    publish(tmp_path, "2026-06", sample(), previous=second)
    refuse_beside_later(standings(tmp_path), a_round("2025-06"), manifest_of(first))
    with pytest.raises(ReleaseError, match="beside other figures"):
        refuse_beside_later(standings(tmp_path), a_round("2025-06"), "another")


def test_without_history_the_new_cube_stands() -> None:
    new = sample(vintages=[2025])
    assert with_history(new, None) is new


def test_earlier_vintages_are_carried_exactly_and_the_new_one_stands() -> None:
    earlier, new = sample(vintages=[2023, 2024], seed=1), sample(vintages=[2025], seed=2)
    both = with_history(new, earlier)
    assert both.dimension(TIME).codes == ("2023", "2024", "2025")
    assert year(both, 2023).equals(year(earlier, 2023))
    assert year(both, 2024).equals(year(earlier, 2024))
    assert year(both, 2025).equals(year(new, 2025))
    assert both.vintages == {**earlier.vintages, **new.vintages}


def test_a_vintage_published_again_is_replaced_whole() -> None:
    march = sample(vintages=[2024, 2025], seed=1)
    june = sample(vintages=[2025], seed=2)
    both = with_history(june, march)
    assert year(both, 2025).equals(year(june, 2025))
    assert not year(both, 2025).equals(year(march, 2025))
    replaced = {"replaces": march.vintages[2025].round}
    assert both.vintages[2025] == june.vintages[2025].model_copy(update=replaced)
    assert year(both, 2024).equals(year(march, 2024))


def test_four_rounds_on_the_first_vintage_is_what_it_was(tmp_path: Path) -> None:
    first = sample(vintages=[2023], seed=1)
    publish(tmp_path, "2024-06", first)
    for name, seed in (("2025-06", 2), ("2026-03", 3), ("2026-06", 4)):
        current = a_round(name)
        previous = standings(tmp_path).previous(current.order)
        assert previous is not None
        new = sample(vintages=[current.vintage], seed=seed)
        earlier = earlier_cubes(previous.folder, {"13995": new.table})["13995"]
        publish(tmp_path, name, with_history(new, earlier))
    last = earlier_cubes(tmp_path / "2026-06", {"13995": first.table})["13995"]
    assert list(last.vintages) == [2023, 2024, 2025]
    assert year(last, 2023).equals(first.frame())
    assert year(last, 2025).equals(sample(vintages=[2025], seed=4).frame())


def test_regions_of_both_are_there_with_a_dot_outside_their_life() -> None:
    earlier = sample(vintages=[2023], regions=BEFORE, seed=1)
    new = sample(vintages=[2024], regions=AFTER, seed=2)
    both = with_history(new, earlier)
    regions = both.dimension(KOMMUNE_REGION)
    assert regions.codes == ("0301", "1103", "1507", "1508", "1580", "EAK")
    names = dict(zip(regions.codes, (label.nb for label in regions.labels), strict=True))
    assert (names["0301"], names["1507"]) == ("Oslo by", "Aalesund (-2023)")
    for vintage, of, outside in ((2023, earlier, ["1508", "1580"]), (2024, new, ["1507"])):
        found = year(both, vintage)
        nowhere = pl.col(KOMMUNE_REGION).is_in(outside)
        assert found.filter(~nowhere).equals(of.frame())
        assert set(found.filter(nowhere)["status"]) == {"."}


def test_a_new_measure_has_a_dot_before_its_time() -> None:
    spec = table()
    new_spec = table(measures=[*spec.measures, measure("KOSny0000")])
    earlier = cube(spec, dimensions(spec, [2024]), [facts(2024)])
    new = cube(new_spec, dimensions(new_spec, [2025]), [facts(2025)], seed=2)
    before = year(with_history(new, earlier), 2024)
    is_new = pl.col(CONTENTS) == "KOSny0000"
    assert set(before.filter(is_new)["status"]) == {"."}
    assert before.filter(~is_new).equals(earlier.frame())


def test_a_table_with_other_dimensions_has_no_history() -> None:
    spec = table()
    plain = cube(spec, dimensions(spec, [2024]), [facts(2024)])
    age = dimension("Alder", {"0-17": "0-17", "18+": "18+"})
    new = cube(spec, dimensions(spec, [2025], REGIONS, [age]), [facts(2025)])
    with pytest.raises(ReleaseError, match=r"has the dimensions .*Alder.* but had"):
        with_history(new, plain)


@pytest.mark.parametrize(
    ("new", "earlier", "both"),
    [
        ("b d", "a b c d e", "a b c d e"),
        ("b d e", "a b c d", "a b c d e"),
        ("b c d", "b b1 d", "b b1 c d"),
        ("x y", "", "x y"),
        ("", "x y", "x y"),
        ("c a b", "a b c", "c a b"),
        # Former kommuner and fylker stand among their own kind.
        ("1875 3101 EKA31 EAK", "1875 3054 EKA30 EAK", "1875 3054 3101 EKA30 EKA31 EAK"),
    ],
)
def test_merged_codes_keep_the_new_order(new: str, earlier: str, both: str) -> None:
    assert merged(new.split(), earlier.split()) == both.split()
