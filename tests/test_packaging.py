"""The wheel works where there is no checkout: its own specs, in an empty folder."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import venv
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest

import kostra_publish

ROOT = Path(__file__).parent.parent
LOCK_FILES = sorted(ROOT.glob("requirements*.lock"))


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("COLUMNS", "TERM", "PIP_NO_INDEX")}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built with the locked backend and no network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    built = run(*pip, "wheel", *options, ROOT, cwd=folder)
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs in a new environment that holds the wheel.

    The wheel is the only thing installed there; the libraries it needs are
    seen in this environment's site-packages. A path file does that, and path
    files found through it are not read, so the checkout stays out of sight.
    """
    home = tmp_path_factory.mktemp("elsewhere") / "env"
    venv.create(home, with_pip=False)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check")
    done = run(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    (site_packages,) = home.glob("**/site-packages")
    libraries = Path(pytest.__file__).parent.parent
    (site_packages / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    return programs


@pytest.fixture
def empty_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_the_wheel_carries_every_data_file_spec_and_template(wheel: Path) -> None:
    inside = set(ZipFile(wheel).namelist())
    package = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "kostra_publish").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    defaults = [
        f"kostra_publish/_defaults/{path.relative_to(ROOT).as_posix()}"
        for folder in ("table_specs", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    ]
    assert any("/data/" in name for name in package)
    assert any("/_defaults/table_specs/" in name for name in defaults)
    assert inside >= {*package, *defaults}


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    top_level = {name.split("/")[0] for name in ZipFile(wheel).namelist()}
    info = f"kostra_publish-{kostra_publish.__version__}.dist-info"
    assert top_level == {"kostra_publish", info}


def test_the_installed_package_is_the_one_from_the_wheel(
    installed: Path, empty_folder: Path
) -> None:
    where = run(
        installed / "python",
        "-c",
        "import kostra_publish; print(kostra_publish.__file__)",
        cwd=empty_folder,
    )
    assert Path(where.stdout.strip()).is_relative_to(installed.parent)


def test_version_in_an_empty_folder(installed: Path, empty_folder: Path) -> None:
    said = run(installed / "kostra-publish", "--version", cwd=empty_folder)
    assert (said.returncode, said.stderr) == (0, "")
    assert kostra_publish.__version__ in said.stdout


def test_check_in_an_empty_folder_uses_the_packaged_specs(
    installed: Path, empty_folder: Path
) -> None:
    said = run(installed / "kostra-publish", "check", cwd=empty_folder)
    assert said.returncode == 0, said.stderr
    assert "13995" in said.stdout
    assert list(empty_folder.iterdir()) == []


# ── the lock files ───────────────────────────────────────────────────────────


def pinned_versions(lock: Path) -> dict[str, set[str]]:
    """The pinned versions of each name in a lock file."""
    versions: dict[str, set[str]] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if pin := re.match(r"([a-z0-9-]+)==([^ ;]+)", line):
            versions.setdefault(pin[1], set()).add(pin[2])
    return versions


def test_there_are_three_lock_files() -> None:
    names = ["requirements-build.lock", "requirements-dev.lock", "requirements.lock"]
    assert [lock.name for lock in LOCK_FILES] == names


@pytest.mark.parametrize("lock", LOCK_FILES, ids=lambda lock: lock.name)
def test_a_lock_file_is_exact_versions_and_hashes_and_nothing_else(lock: Path) -> None:
    marker = r"[a-z_]+ [<>=!]+ '[A-Za-z0-9.]+'"
    pin = re.compile(rf"[a-z0-9-]+==[A-Za-z0-9.+!]+( ; {marker}( and {marker})*)? \\")
    sha256 = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    lines = lock.read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not (pin.fullmatch(line) or sha256.fullmatch(line))]
    assert lines
    assert odd == []


def test_the_lock_files_agree() -> None:
    everything = pinned_versions(ROOT / "requirements-dev.lock")
    for lock in LOCK_FILES:
        assert pinned_versions(lock).items() <= everything.items(), lock.name


def declared() -> set[str]:
    """The libraries that pyproject.toml says the package needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[<>=]", need)[0] for need in project["dependencies"]}


def imported() -> set[str]:
    """The libraries that a module of the package imports, by the name they are installed by."""
    modules: set[str] = set()
    for file in (ROOT / "kostra_publish").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                modules.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module or "")
    roots = {module.split(".")[0] for module in modules} - sys.stdlib_module_names
    installed = {
        "datadoc_model": "ssb-datadoc-model",
        "fpdf": "fpdf2",
        "minisign": "py-minisign",
        "yaml": "pyyaml",
    }
    return {installed.get(root, root) for root in roots} - {"kostra_publish"}


def test_what_the_package_imports_is_what_it_declares() -> None:
    assert "polars" in imported()
    assert imported() <= declared()


def test_what_the_package_declares_is_locked() -> None:
    assert declared() <= pinned_versions(ROOT / "requirements.lock").keys()


def test_the_tests_run_on_the_locked_versions() -> None:
    locked = pinned_versions(ROOT / "requirements.lock")
    installed_versions = {
        name: metadata.version(name) for name in ("polars", "dataframely", "pydantic", "pyjstat")
    }
    assert all(version in locked[name] for name, version in installed_versions.items())


def test_the_readers_lock_names_no_address() -> None:
    lock = (ROOT / "tests" / "readers" / "package-lock.json").read_text(encoding="utf-8")
    assert "jsonstat-toolkit" in lock
    assert "resolved" not in lock
    assert "://" not in lock


def test_the_command_line_can_still_say_how_linear_algebra_is_done(empty_folder: Path) -> None:
    said = "import sys, kostra_publish.cli; print('numpy' in sys.modules)"
    assert run(sys.executable, "-c", said, cwd=empty_folder).stdout == "False\n"
