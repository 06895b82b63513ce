"""k, l and t against a plain count in Python."""

from __future__ import annotations

from collections import Counter, defaultdict

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kostra_publish.disclosure.records.measures import distance, distinct, quasi_identifiers
from tests.disclosure.records.small_rounds import record_set
from tests.disclosure.records.test_gates import march

rows = st.lists(
    st.tuples(
        st.sampled_from(["3103", "EKA31"]),
        st.sampled_from("12"),
        st.sampled_from(["alle", "a", "b"]),
    ),
    min_size=1,
    max_size=30,
)


def frame(of: list[tuple[str, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(of, schema=["region", "kjonn", "kilde"], orient="row")


@given(rows)
def test_l_is_the_fewest_values_where_any_is_told(of: list[tuple[str, str, str]]) -> None:
    classes: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for region, sex, source in of:
        classes[region, sex].add(source)
    told = [len(values) for values in classes.values() if values != {"alle"}]
    assert distinct(frame(of), ["region", "kjonn"], "kilde") == min(told, default=None)


@given(rows)
def test_t_is_half_the_sum_of_the_differences(of: list[tuple[str, str, str]]) -> None:
    every = Counter(source for *_, source in of)
    classes: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for region, sex, source in of:
        classes[region, sex][source] += 1
    far = [
        sum(abs(own[name] / own.total() - every[name] / len(of)) for name in every) / 2
        for own in classes.values()
    ]
    found = distance(frame(of), ["region", "kjonn"], "kilde")
    assert found == pytest.approx(max(far), abs=1e-6)


def test_measures_are_of_the_rows_themselves() -> None:
    safe = march().rows.safe
    own, facts = safe.frame(), safe.anonymity
    quasi = quasi_identifiers(safe.records)
    assert quasi == ["region", "regiontype", "kjonn", "alder"]
    classes = Counter(own.select(quasi).iter_rows())
    assert (facts.rows, facts.classes) == (own.height, len(classes))
    assert facts.alike == min(classes.values())
    assert facts.alike_in_all == min(Counter(own.iter_rows()).values())
    finest = {
        "1",
        "2",
        "-19",
        "20-24",
        "25-29",
        "30-49",
        "50-",
        "5",
        "3",
        "0-2",
        "3-5",
        "6-8",
        "9-",
    }
    finest |= {"0-9", "10-49", "50-", "uoppgitt"}
    coarse = [kind != "kommune" or not {*values} <= finest for _, kind, *values in own.iter_rows()]
    assert facts.generalised == pytest.approx(sum(coarse) / own.height, abs=1e-4)
    assert facts.rest == pytest.approx(
        march().rows.stored.leaves.filter(box=-1)["rows"].sum() / own.height
    )
    assert all(0 <= loss <= 1 for loss in facts.loss.values())
    # Every kommune stands alone, and nothing is told of kroner.
    assert facts.loss["region"] == 0
    assert (facts.loss["kroner"] == 1) == ({*own["kroner"]} == {"alle"})


def test_a_record_set_without_quasi_identifiers_is_alike_by_region() -> None:
    variables = record_set().model_dump()["variables"]
    sensitive = [one for one in variables if one["role"] == "sensitive"]
    assert quasi_identifiers(record_set(variables=sensitive)) == ["region", "regiontype"]
