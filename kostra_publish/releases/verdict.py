"""What the quality report of a release concluded, read back for whoever may release it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from kostra_publish.errors import ReleaseError
from kostra_publish.releases.manifest import altered, read_manifest
from kostra_publish.specs.models import Model
from kostra_publish.specs.quality import Severity

REPORT: Final = "internal/quality.json"

_AGAIN: Final = "Publish that round again from its inputs."


class CheckVerdict(Model):
    """What came of one check."""

    name: str
    """Its name in `quality.yaml`."""
    title: str
    """Its name for readers, in bokmål."""
    severity: Severity
    """What it means to fail it."""
    passed: bool | None
    """null: it could not be made, for want of an earlier round or of a dataset."""


class QualityVerdict(Model):
    """What came of every check of a release, in the order of the report."""

    checks: tuple[CheckVerdict, ...] = ()
    """The checks, but those that are off."""

    @property
    def failed_blocking(self) -> tuple[CheckVerdict, ...]:
        """The checks that a release must not fail, and this one does."""
        return self._failed("blocking")

    @property
    def warnings(self) -> tuple[CheckVerdict, ...]:
        """The failed checks that someone must look at."""
        return self._failed("warning")

    @property
    def not_made(self) -> tuple[CheckVerdict, ...]:
        """The checks that could not be made."""
        return tuple(check for check in self.checks if check.passed is None)

    def _failed(self, severity: Severity) -> tuple[CheckVerdict, ...]:
        return tuple(
            check for check in self.checks if check.passed is False and check.severity == severity
        )


def quality_verdict(release: Path) -> QualityVerdict:
    """The verdict of a release's quality report, held to its manifest.

    Raises ReleaseError when the release has no report, or one that is altered or does not read.
    """
    manifest = read_manifest(release)
    if REPORT not in manifest.outputs:
        raise ReleaseError(f"release {release.name} has no quality report", fix=_AGAIN)
    if findings := list(altered(release, manifest, {REPORT: None})):
        raise ReleaseError("\n".join(map(str, findings)), fix=_AGAIN)
    try:
        content = json.loads((release / REPORT).read_bytes())
        return QualityVerdict.model_validate(content["verdict"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(
            f"the quality report of release {release.name} does not read", fix=_AGAIN
        ) from error
