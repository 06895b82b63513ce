"""What holds for every document on tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kostra_publish.outputs.registry import FORMATS
from tests.cubes import catalogue, sample
from tests.outputs.metadata.described import files
from tests.outputs.test_jsonstat import RELEASE, real, real_cube

FORMS = ["csvw", "datapackage", "datadoc", "dcat", "changes", "feed"]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_cubes_give_the_same_bytes(form: str) -> None:
    one, other = (files(form, [real_cube("13995"), real_cube("14019")], real()) for _ in "ab")
    assert one == other
    assert one


@pytest.mark.parametrize("form", FORMS)
def test_no_figure_is_looked_at(form: str) -> None:
    one, other = (files(form, [real_cube("13995", seed)], real()) for seed in (1, 2))
    assert one == other


@pytest.mark.parametrize("form", FORMS)
def test_only_safe_cubes_are_told_of(form: str) -> None:
    true: Any = sample().frame()
    with pytest.raises(TypeError, match="only safe cubes"):
        list(FORMATS[form]([true], catalogue(), RELEASE))


@pytest.mark.parametrize("form", FORMS)
def test_synthetic_and_preliminary_figures_are_marked(form: str) -> None:
    texts = replace(catalogue(), pages=real().pages)
    moved = sample()
    for data in files(form, [moved], texts).values():
        text = data.decode()
        assert "Synthetic: 13995: " in text
        assert "preliminary" in text
