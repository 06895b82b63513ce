import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kostra_publish.errors import ReleaseError
from kostra_publish.releases.folders import releases
from kostra_publish.releases.staging import exchange, staged

OLD = {"public/a.json": b"old a", "internal/deep/b.json": b"old b", "manifest.json": b"old"}
NEW = {"public/a.json": b"new a", "public/c.json": b"new c", "manifest.json": b"new"}


def cannot_exchange(_one: Path, _other: Path) -> bool:
    """Stand for a file system without RENAME_EXCHANGE."""
    return False


both_ways = pytest.mark.parametrize("swap", [exchange, cannot_exchange])


def publish(
    out: Path,
    files: dict[str, bytes],
    name: str = "2026-03",
    swap: Callable[[Path, Path], bool] = exchange,
) -> None:
    with staged(out, name, swap=swap) as staging:
        for path, data in files.items():
            staging.write(path, data)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def entries(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


# --- what a good run does ---


def test_a_release_is_all_that_was_written_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    publish(out, OLD)
    assert content(out / "2026-03") == OLD
    assert entries(out) == {"2026-03", ".lock"}


@both_ways
def test_a_new_run_replaces_the_release_whole(
    tmp_path: Path, swap: Callable[[Path, Path], bool]
) -> None:
    publish(tmp_path, OLD)
    publish(tmp_path, NEW, swap=swap)
    assert content(tmp_path / "2026-03") == NEW
    assert entries(tmp_path) == {"2026-03", ".lock"}


def test_this_file_system_swaps_in_one_step(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (one / "mine").touch()
    assert exchange(one, other)
    assert (other / "mine").exists()


def test_the_swap_says_when_there_is_nothing_to_swap_with(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "other")


def test_the_same_bytes_keep_the_old_folder(tmp_path: Path) -> None:
    publish(tmp_path, OLD)
    before = (tmp_path / "2026-03").stat()
    publish(tmp_path, OLD)
    assert (tmp_path / "2026-03").stat().st_ino == before.st_ino
    assert entries(tmp_path) == {"2026-03", ".lock"}


@pytest.mark.parametrize(
    "change",
    [
        {"public/a.json": b"new a"},
        {"public/a.json": b"old A"},
        {"public/more.json": b""},
    ],
)
def test_a_change_of_any_kind_is_published(tmp_path: Path, change: dict[str, bytes]) -> None:
    publish(tmp_path, OLD)
    publish(tmp_path, OLD | change)
    assert content(tmp_path / "2026-03") == OLD | change


def test_a_link_in_the_old_release_is_not_taken_for_a_file_of_it(tmp_path: Path) -> None:
    publish(tmp_path, OLD)
    file = tmp_path / "2026-03" / "public" / "a.json"
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    publish(tmp_path, OLD)
    assert not file.is_symlink()


def test_only_releases_count_as_releases(tmp_path: Path) -> None:
    publish(tmp_path, OLD)
    (tmp_path / "2027-03").touch()
    (tmp_path / "looks").mkdir()
    assert [path.name for path in releases(tmp_path)] == ["2026-03"]
    assert releases(tmp_path / "nowhere") == []


# --- what a run refuses ---


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../a", "public/../../a", "", ".", "public\\a", "public/.."]
)
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, path: str) -> None:
    with (
        pytest.raises(ReleaseError, match="not a path inside"),
        staged(tmp_path, "2026-03") as staging,
    ):
        staging.write(path, b"")


@pytest.mark.parametrize("again", ["public/a", "public//a", "./public/a"])
def test_a_path_that_is_taken_is_refused(tmp_path: Path, again: str) -> None:
    with staged(tmp_path, "2026-03") as staging:
        staging.write("public/a", b"")
        with pytest.raises(ReleaseError, match="public/a is written twice"):
            staging.write(again, b"")


def test_a_file_cannot_also_be_a_folder(tmp_path: Path) -> None:
    with staged(tmp_path, "2026-03") as staging:
        staging.write("public/a", b"")
        with pytest.raises(ReleaseError, match="cannot write public/a/b"):
            staging.write("public/a/b", b"")


@pytest.mark.parametrize("name", ["current", "../2026-03", "2026", ".lock", ""])
def test_a_name_that_is_not_a_release_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReleaseError, match="not the name of a release"), staged(tmp_path, name):
        pass
    assert entries(tmp_path) == set()


def test_what_no_run_made_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "2026-03").write_text("mine")
    with pytest.raises(ReleaseError, match="is not a folder"):
        publish(tmp_path, NEW)
    (tmp_path / "2026-03").unlink()
    (tmp_path / "current").mkdir()
    with pytest.raises(ReleaseError, match="is not a link"):
        publish(tmp_path, NEW)
    assert entries(tmp_path) == {"current", ".lock"}


def test_a_release_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "2026-03").symlink_to(elsewhere)
    with pytest.raises(ReleaseError, match="is not a folder"):
        publish(tmp_path, NEW)
    assert content(elsewhere) == {}


def test_out_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReleaseError, match=r"cannot write in .*: Not a directory") as caught:
        publish(tmp_path / "file" / "out", NEW)
    assert "untouched" in caught.value.fix


# --- what is left when a run goes wrong ---


def stopped_by(error: type[BaseException], out: Path) -> None:
    with staged(out, "2026-03") as staging:
        staging.write("public/a.json", b"new")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
@pytest.mark.parametrize("had_one", [True, False])
def test_an_error_on_the_way_changes_nothing(
    tmp_path: Path, error: type[BaseException], *, had_one: bool
) -> None:
    if had_one:
        publish(tmp_path, OLD)
    before = entries(tmp_path) | {".lock"}
    with pytest.raises(error):
        stopped_by(error, tmp_path)
    assert entries(tmp_path) == before
    assert content(tmp_path / "2026-03") == (OLD if had_one else {})


def test_leftovers_of_killed_runs_are_cleared(tmp_path: Path) -> None:
    publish(tmp_path, OLD)
    (tmp_path / ".staging-2026-03-1" / "public").mkdir(parents=True)
    (tmp_path / ".staging-2026-03-1" / "public" / "half").touch()
    (tmp_path / ".current-1").symlink_to("2026-03")
    (tmp_path / ".previous-2026-03").mkdir()
    publish(tmp_path, NEW)
    assert content(tmp_path / "2026-03") == NEW
    assert entries(tmp_path) == {"2026-03", ".lock"}


def test_a_release_moved_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    publish(tmp_path, OLD)
    (tmp_path / "2026-03").rename(tmp_path / ".previous-2026-03")
    with pytest.raises(RuntimeError), staged(tmp_path, "2026-06"):
        raise RuntimeError
    assert content(tmp_path / "2026-03") == OLD


def test_a_disk_that_is_full_is_said_plainly_and_changes_nothing(tmp_path: Path) -> None:
    publish(tmp_path, OLD)
    # No file may grow beyond 1 MB: to a program that is the same as a full disk.
    script = """
import resource, signal, sys
from pathlib import Path
from kostra_publish.errors import ReleaseError
from kostra_publish.releases.staging import staged
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    with staged(Path(sys.argv[1]), "2026-03") as staging:
        staging.write("public/a.json", bytes(500_000))
        staging.write("public/b.json", bytes(2_000_000))
except ReleaseError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("cannot write public/b.json: File too large")
    assert content(tmp_path / "2026-03") == OLD
    assert entries(tmp_path) == {"2026-03", ".lock"}


def test_a_second_run_is_told_that_another_one_is_at_work(tmp_path: Path) -> None:
    publish(tmp_path, OLD)
    script = """
import sys
from pathlib import Path
from kostra_publish.releases.staging import staged
with staged(Path(sys.argv[1]), "2026-03") as staging:
    staging.write("manifest.json", b"first")
    print("holding", flush=True)
    sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "holding\n"
        with pytest.raises(ReleaseError, match="another run is writing to") as caught:
            publish(tmp_path, NEW)
        assert caught.value.exit_code == 7
        assert content(tmp_path / "2026-03") == OLD
        first.communicate("go on\n")
    assert first.returncode == 0
    assert content(tmp_path / "2026-03") == {"manifest.json": b"first"}
    publish(tmp_path, NEW)
    assert content(tmp_path / "2026-03") == NEW
