import pytest

from kostra_publish.codes import regions


def test_how_many_there_are() -> None:
    heights = [regions.kommuner(year).height for year in (2022, 2023, 2024, 2025)]
    assert heights == [356, 356, 357, 357]
    assert [regions.fylker(year).height for year in (2023, 2024)] == [11, 15]
    assert regions.bydeler().height == 15
    assert regions.kommuner(2025)["kostragruppe"].n_unique() == 17


def test_every_kommune_is_in_its_fylke_group_and_country() -> None:
    for year in (2023, 2024):
        members = regions.members(year)
        assert members.filter(kind="fylke")["kommune"].is_unique().all()
        assert members.filter(kind="land").height == regions.kommuner(year).height
        assert members.filter(kind="land_uten_oslo").height == regions.kommuner(year).height - 1
        eka = set(members.filter(kind="fylke")["region"])
        assert eka == {"EKA" + fylke for fylke in regions.fylker(year)["fylke"]}


def test_oslo_is_kommune_fylke_and_group_alone() -> None:
    oslo = regions.members(2025).filter(kommune="0301")
    assert set(oslo["region"]) == {"0301", "EKA03", "EKG13", "EAK"}


def test_aalesund_became_two() -> None:
    codes = [set(regions.kommuner(year)["kommune"]) for year in (2023, 2024)]
    assert "1507" in codes[0] - codes[1]
    assert {"1508", "1580"} <= codes[1] - codes[0]
    successors = regions.kommune_changes().filter(from_kommune="1507")
    assert set(successors["to_kommune"]) == {"1508", "1580"}


def test_a_series_goes_on_where_the_area_is_the_same() -> None:
    assert regions.same_area_before("3103") == ("3002",)
    # Ålesund and Haram were one kommune: neither has its figures.
    assert regions.same_area_before("1508") == regions.same_area_before("1580") == ()
    assert regions.same_area_before("0301") == ()


def test_every_change_leads_from_what_was_there_to_what_is() -> None:
    for one in regions.changes():
        before, after = (
            set(regions.kommuner(year)["kommune"]) for year in (one.year - 1, one.year)
        )
        assert one.former in before - after
        assert one.new in after - before
    new = [one.new for one in regions.changes()]
    assert len(new) == len(set(new))


def test_lifetimes() -> None:
    assert regions.lifetime("3002") == (2020, 2023)
    assert regions.lifetime("3103") == (2024, None)
    assert regions.lifetime("30") == (2020, 2023)
    assert regions.lifetime("0301") == (2020, None)
    with pytest.raises(KeyError):
        regions.lifetime("9999")


def test_a_year_outside_the_lists_is_refused() -> None:
    with pytest.raises(ValueError, match="2020-2026"):
        regions.kommuner(2019)


def test_a_code_tells_its_kind_of_region() -> None:
    for region, kind in regions.members(2025).select("region", "kind").unique().iter_rows():
        assert regions.kind_of(region) == kind
    assert regions.kind_of(regions.BYDELER_I_ALT) == "bydeler"
    assert {regions.kind_of(code) for code in regions.bydeler()["bydel"]} == {"bydel"}


def test_predecessors_follow_new_codes_and_stop_at_splits() -> None:
    found = regions.predecessors(2025, 2022)
    assert found["3103"] == "3002"
    assert found["4601"] == "4601"
    assert found["1508"] is None
    assert found["1580"] is None
    assert set(found) == set(regions.kommuner(2025)["kommune"])
    assert all(own == code for code, own in regions.predecessors(2026, 2024).items())
    covered = [own for own in found.values() if own]
    assert len(covered) == len(set(covered)) == len(regions.kommuner(2022)) - 1
