"""The engine's vectors and programs: two ways to the same end."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from kostra_publish.disclosure.engine import search as engine
from kostra_publish.disclosure.engine.parts import parts_of
from kostra_publish.disclosure.engine.reduced import reduce
from kostra_publish.disclosure.engine.search import Search
from tests.disclosure.attack.problems import problem, table

SEED = 3


def searched() -> Search:
    """A table of which all that can be is visible."""
    random = np.random.default_rng(SEED)
    search = Search(reduce(problem(*table(random.integers(1, 12, (7, 9)).tolist()))))
    search.publish(search.candidates)
    return search


@pytest.mark.parametrize("many", [0, 1_000])
def test_what_is_hidden_for_good_frees_the_same_moves_in_both_ways(
    many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MANY", many)
    search = searched()
    before = np.linalg.matrix_rank(search.moves.toarray())
    shown = search.candidates[search.visible[search.candidates]]
    search.hide_for_good(shown[::5])
    moves = search.moves.toarray()
    visible = search.reduced.rows[np.flatnonzero(search.visible)]
    assert np.allclose(visible @ moves, 0)
    width = len(search.reduced.inner)
    assert moves.shape[1] == width - np.linalg.matrix_rank(visible.toarray())
    assert moves.shape[1] == np.linalg.matrix_rank(moves) > before
    assert not search.visible[shown[::5]].any()
    assert search.visible.sum() >= len(shown) - len(shown[::5])


def test_hiding_and_publishing_again_ends_where_it_began() -> None:
    search = searched()
    before = search.visible.copy()
    dimensions = search.moves.shape[1]
    shown = search.candidates[search.visible[search.candidates]]
    for _ in range(3):
        search.hide(shown[::3])
        assert search.moves.shape[1] >= dimensions
        search.publish(shown[::3])
    assert (search.visible == before).all()
    assert search.moves.shape[1] == dimensions
    assert np.allclose(search.reduced.rows[np.flatnonzero(before)] @ search.moves.toarray(), 0)


def test_there_is_always_room_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    visible = searched().visible
    monkeypatch.setattr(engine, "SPARE", 1)
    monkeypatch.setattr(engine, "MORE", 0)
    assert (searched().visible == visible).all()


def test_a_row_is_the_sum_of_its_largest_parts() -> None:
    rows = csr_array(
        np.array(
            [
                [1, 1, 0, 0, 0, 0],
                [0, 0, 1, 1, 0, 0],
                [1, 1, 1, 1, 0, 0],
                [1, 1, 1, 1, 1, 0],
                [0, 1, 1, 0, 0, 0],
                [1, 1, 0, 0, 0, -1],
                [0, 0, 0, 0, 0, 0],
            ]
        )
    )
    usable = np.array([True, True, True, True, False, True, True])
    parts = parts_of(rows, usable)
    assert parts.smaller.tocoo().coords[1].tolist() == [0, 1, 2]
    assert parts.smaller.tocoo().coords[0].tolist() == [2, 2, 3]
    assert ((parts.smaller @ rows + parts.rest).toarray() == rows.toarray()).all()
    assert parts.rest.nnz == 0 + 2 + 2 + 1 + 2 + 3
