"""Three small rounds, published once, and copies of them to tamper with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kostra_publish.auditing import Audit, audit
from tests.auditing.released import (
    BEFORE,
    JUNE,
    MARCH,
    TEMPLATES,
    Look,
    publish_round,
    write_data,
    write_specs,
)


@pytest.fixture(scope="session")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_specs(tmp_path_factory.mktemp("specs") / "table_specs")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def published(data: Path, specs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    for name in (BEFORE, MARCH, JUNE):
        publish_round(name, data, out, specs)
    return out


@pytest.fixture
def out(published: Path, tmp_path: Path) -> Path:
    """A copy that a test may tamper with."""
    shutil.copytree(published, tmp_path / "out", symlinks=True)
    return tmp_path / "out"


@pytest.fixture
def look(specs: Path) -> Look:
    def audited(*releases: Path, in_full: bool = False) -> Audit:
        return audit(releases, specs=specs, templates=TEMPLATES, in_full=in_full)

    return audited
