"""Which areas have pages, where they are, and what they are compared with."""

import re
from collections import Counter

import pytest

from kostra_publish.codes import regions as codes
from kostra_publish.pages.areas import Areas, areas, norwegian_order, slug
from tests.pages.few_figures import HALDEN, LAND, MOSS, OSLO, REST, SOLA, labels

FOLDERS = {"tall", "tabeller", "tegn", "om", "tilgjengelighet", "nn", "en", "felles"}
"""What else lies beside the folders of areas."""


def of(vintage: int = 2025) -> Areas:
    return areas(vintage, labels(vintage))


# --- addresses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name", "address"),
    [
        ("1124", "Sola", "1124-sola"),
        ("3201", "Bærum", "3201-baerum"),
        ("5501", "Tromsø", "5501-tromso"),
        ("1508", "Ålesund", "1508-alesund"),
        ("3112", "Råde", "3112-rade"),
        ("5610", "Kárášjohka", "5610-karasjohka"),
        ("5540", "Gáivuotna", "5540-gaivuotna"),
        ("5628", "Deatnu đŋŧ", "5628-deatnu-dnt"),
        ("030102", "Grünerløkka", "030102-grunerlokka"),
        ("3454", "Aasen", "3454-aasen"),
        ("3415", "Sør-Odal", "3415-sor-odal"),
        ("3419", "Våler (Innlandet)", "3419-valer-innlandet"),
        ("", "Landet uten Oslo", "landet-uten-oslo"),
        ("", " - KOSTRA-gruppe  01 - ", "kostra-gruppe-01"),
    ],
)
def test_an_address_is_the_code_and_the_name_in_plain_letters(
    code: str, name: str, address: str
) -> None:
    assert slug(code, name) == address


@pytest.mark.parametrize("vintage", range(codes.FIRST_YEAR, codes.LAST_YEAR + 1))
def test_no_two_areas_of_a_year_have_one_address(vintage: int) -> None:
    found = of(vintage)
    addresses = Counter([*(one.slug for one in found), *(one.slug for one in found.former)])
    assert {address for address, count in addresses.items() if count > 1} == set()
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", address) for address in addresses)
    assert not FOLDERS & addresses.keys()


def test_an_address_has_the_kind_of_area_where_the_name_does_not_tell() -> None:
    found = of()
    where = {code: found.get(code).path for code in (OSLO, "EKA03", "EKG01", LAND, REST, "030101")}
    assert where == {
        OSLO: "0301-oslo/",
        "EKA03": "fylke-03-oslo/",
        "EKG01": "kostra-gruppe-01/",
        LAND: "landet/",
        REST: "landet-uten-oslo/",
        "030101": "030101-gamle-oslo/",
    }


# --- names --------------------------------------------------------------------------------


def test_names_stand_in_norwegian_order() -> None:
    names = [
        "Aremark", "Asker", "Dovre", "Dyrøy", "Hábmer", "Hadsel", "Kárášjohka", "Karasjok",
        "Karlsøy", "Zeta", "Ærø", "Østre Toten", "Øygarden", "Ål", "Aas", "Åsnes",
    ]  # fmt: skip
    assert sorted(names, key=norwegian_order) == names
    assert norwegian_order("Đ")[0] == norwegian_order("D")[0]
    assert norwegian_order("Ä")[0] == norwegian_order("Æ")[0]
    # An å of two characters is one letter.
    assert norwegian_order("A\N{COMBINING RING ABOVE}l")[0] == norwegian_order("Ål")[0]


def test_an_area_is_called_by_its_norwegian_name_and_keeps_the_others() -> None:
    oslo, kafjord = (of().get(code) for code in (OSLO, "5540"))
    assert (oslo.name.nb, oslo.names) == ("Oslo", ("Oslo", "Oslove"))
    assert (kafjord.name.en, kafjord.names) == (
        "Kåfjord", ("Kåfjord", "Gáivuotna", "Kaivuono"),
    )  # fmt: skip


# --- which there are ------------------------------------------------------------------------


def test_every_area_of_the_year_has_a_page_and_no_other() -> None:
    found = of()
    counts = Counter(one.kind for one in found)
    assert counts == {
        "land": 1, "land_uten_oslo": 1, "fylke": 15, "kostragruppe": 17, "kommune": 357,
        "bydeler": 1, "bydel": 15,
    }  # fmt: skip
    assert [one.kind for one in found] == sorted(
        (one.kind for one in found), key=list(dict.fromkeys(one.kind for one in found)).index
    )
    # Not those of earlier years.
    given = labels() | labels(2023)
    assert not {"EKA30", "EKA54", "3001", "1507"} & {one.code for one in areas(2025, given)}
    assert {"EKA30", "EKA54", "3001", "1507"} <= {one.code for one in areas(2023, given)}


def test_an_area_without_figures_has_no_page() -> None:
    given = {code: name for code, name in labels().items() if code in {SOLA, "EKA11", LAND}}
    found = areas(2025, given)
    assert [one.code for one in found] == [LAND, "EKA11", SOLA]
    # Nor is it compared with what has none.
    assert found.get(SOLA).beside == {"county": "EKA11", "country": LAND}


@pytest.mark.parametrize(
    ("code", "beside"),
    [
        (SOLA, {"group": "EKG09", "county": "EKA11", "country": LAND, "rest": REST}),
        (OSLO, {"group": "EKG13", "county": "EKA03", "country": LAND}),
        ("EKA11", {"country": LAND, "rest": REST}),
        ("EKG05", {"country": LAND, "rest": REST}),
        (LAND, {"rest": REST}),
        (REST, {"country": LAND}),
        ("030101", {"country": codes.BYDELER_I_ALT}),
    ],
)
def test_what_an_area_is_compared_with(code: str, beside: dict[str, str]) -> None:
    assert of().get(code).beside == beside


def test_the_members_of_larger_areas() -> None:
    found = of()
    members = {code: {one.code for one in found.members(code)} for code in ("EKA11", LAND, REST)}
    listed = codes.members(2025)
    for code, own in members.items():
        assert own == {*listed.filter(region=code)["kommune"]}, code
    assert OSLO not in members[REST]
    assert found.members(SOLA) == []


# --- kommuner that are no more --------------------------------------------------------------


def test_a_kommune_with_a_new_code_leads_to_itself() -> None:
    halden = next(one for one in of().former if one.code == "3001")
    assert (halden.slug, halden.name, halden.year) == ("3001-halden", "Halden", 2024)
    assert (halden.to, halden.same_area) == ((HALDEN,), True)
    assert [one.code for one in of().former_of[HALDEN]] == ["3001"]
    assert [one.code for one in of().former_of[MOSS]] == ["3002"]


def test_a_kommune_that_was_split_leads_to_its_parts() -> None:
    found = of()
    [alesund] = (one for one in found.former if one.code == "1507")
    assert (alesund.to, alesund.same_area) == (("1508", "1580"), False)
    assert all([one.code for one in found.former_of[code]] == ["1507"] for code in alesund.to)


def test_before_the_change_there_is_nothing_former() -> None:
    found = of(2023)
    assert not {"3001", "1507"} & {one.code for one in found.former}
    assert {"3001", "1507"} <= found.by_code.keys()


@pytest.mark.parametrize("vintage", range(2024, codes.LAST_YEAR + 1))
def test_every_former_kommune_leads_to_a_page(vintage: int) -> None:
    found = of(vintage)
    assert len({one.code for one in found.former}) == len(found.former) > 100
    assert all(one.to and set(one.to) <= found.by_code.keys() for one in found.former)
