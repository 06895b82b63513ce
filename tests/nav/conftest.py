"""Keys for all tests of packages: making them takes the tools a moment."""

import pytest

from tests.nav.handing_over import Parties, parties


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Parties:
    return parties(tmp_path_factory.mktemp("keys"))
