"""Whatever happens to a build: the old site stays whole, and the next build makes it good.

One edition is built elsewhere than the project that the suite shares, in another time zone and
locale, on another number of cores, and killed again and again. What comes out must be the same
bytes. Its project then meets every other fault.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
#: How often the build is killed; `BILAN_KILLS=30` for a long look.
KILLS = int(os.environ.get("BILAN_KILLS", "5"))
OTHERWISE = {"TZ": "Pacific/Auckland", "LC_ALL": "C", "LANG": "tr_TR.ISO-8859-9"}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks for processes in /proc")


def named(pid: int) -> str:
    """Return a process's command line, and where it waits."""
    place = Path(f"/proc/{pid}")
    with suppress(OSError):
        words = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return f"{pid} {words} ({(place / 'wchan').read_text()}, {os.listdir(place / 'task')})"
    return f"{pid}, gone"


@dataclass
class Project:
    """A project, and how it is built."""

    root: Path

    @property
    def settings(self) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("BILAN_")}
        ours = {"PYTHONPATH": str(self.root / "src"), "BILAN_TEST": str(self.root)}
        return environment | OTHERWISE | ours

    def start(self, *options: str, **settings: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "bilan", "build", "--cores", "1", *options],
            cwd=self.root,
            env=self.settings | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def build(self, *options: str, **settings: str) -> tuple[int, str]:
        """Return the exit status of a build and what it said."""
        process = self.start("--renderer", "embedded", *options, **settings)
        said, _ = process.communicate(timeout=900)
        self.wait_until_alone()
        return process.returncode, said

    def site(self) -> dict[str, bytes]:
        return contents(self.root / "site")

    def processes(self) -> list[int]:
        mark, found = f"BILAN_TEST={self.root}".encode(), []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def wait_until_alone(self) -> None:
        end = time.monotonic() + 60
        while left := self.processes():
            assert time.monotonic() < end, f"outlive their build: {[named(pid) for pid in left]}"
            time.sleep(0.05)

    def wait_until_begun(self, process: subprocess.Popen) -> None:
        """Wait until a build has the project to itself, on a slow machine too."""
        while self.locked().get("pid") != process.pid:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)

    def locked(self) -> dict:
        try:
            return json.loads((self.root / "build/lock").read_text("utf-8"))
        except (OSError, ValueError):
            return {}


def contents(folder: Path) -> dict[str, bytes]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


# ------------------------------------------------------------------ killed at any moment


@dataclass
class Killed:
    project: Project
    temporary: list[Path]
    status: int
    said: str


@pytest.fixture(scope="module")
def killed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """A project of one edition whose build was killed over and over, then let go to its end."""
    project = Project(tmp_path_factory.mktemp("unbreakable") / "dépôt n° 2, l'autre")
    for name in ("data/raw", "notebooks", "report", "src", "workflow"):
        unmade = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, project.root / name, ignore=unmade)
    shutil.copyfile(ROOT / "Snakefile", project.root / "Snakefile")
    settings = yaml.safe_load((built / "config/editions.yml").read_text("utf-8"))
    settings["editions"] = [e for e in settings["editions"] if e["id"] == "2020"]
    (project.root / "config").mkdir()
    (project.root / "config/editions.yml").write_text(yaml.safe_dump(settings), "utf-8")
    shutil.copytree(built / "site", project.root / "site")
    old, chance = project.site(), random.Random(2020)
    temporary = []
    for attempt in range(KILLS):
        process = project.start("--renderer", "embedded")
        project.wait_until_begun(process)
        try:
            process.wait(chance.uniform(0, 8))
        except subprocess.TimeoutExpired:
            process.kill()
        if attempt % 2:  # all of it at once, as when the machine stops
            for pid in project.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        project.wait_until_alone()
        said = process.communicate()[0]
        if process.returncode == 0:  # quicker than its killer
            return Killed(project, temporary, 0, said)
        temporary.append(Path(project.locked()["temporary"]))
        assert project.site() == old, f"after kill {attempt + 1}"
    status, said = project.build()
    return Killed(project, temporary, status, said)


def test_a_killed_build_is_finished_by_the_next(killed: Killed):
    assert killed.status == 0, killed.said
    log = killed.project.root / "build/failed.log"
    assert killed.said.splitlines()[0].startswith("The build before this one was cut short")
    named = f"(its log is {log})" in killed.said.splitlines()[0]
    assert named == log.exists(), "a build killed at its very start has no log"


def test_it_leaves_no_temporary_file(killed: Killed):
    assert len(set(killed.temporary)) == len(killed.temporary) > 0
    assert not any(path.exists() for path in killed.temporary)
    build = killed.project.root / "build"
    assert not (build / "site").exists() and not [*build.glob(".*")]
    assert json.loads((build / "lock").read_text()) == {}
    assert not [*build.rglob("*.failed.ipynb"), *build.rglob("review.typ")]


def test_the_same_inputs_give_the_same_bytes(killed: Killed, built: Path):
    """At another path, in another time zone and locale, on one core, in many attempts."""
    theirs = contents(built / "site/2020")
    ours = contents(killed.project.root / "site/2020")
    assert [name for name in {*theirs, *ours} if theirs.get(name) != ours.get(name)] == []
    assert len(ours) > 50


# ------------------------------------------------------------------ every other fault


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    """Change a file, and put it back."""
    before = path.read_text("utf-8")
    path.write_text(text, "utf-8")
    try:
        yield
    finally:
        path.write_text(before, "utf-8")


@pytest.fixture
def sound(killed: Killed) -> Iterator[Project]:
    """The project that was finished; after each test it must build without a hand's help."""
    project = killed.project
    old = project.site()
    yield project
    status, said = project.build()
    assert status == 0, said
    assert project.site() == old


def with_cell(notebook: Path, source: str) -> str:
    """Return a notebook with one more cell at its end."""
    told = json.loads(notebook.read_text("utf-8"))
    cell = {"cell_type": "code", "id": "fault", "metadata": {}, "outputs": [], "source": source}
    told["cells"].append(cell | {"execution_count": None})
    return json.dumps(told)


def test_a_failing_notebook_is_named(sound: Project):
    old, notebook = sound.site(), sound.root / "notebooks/3-ranking.ipynb"
    with changed(notebook, with_cell(notebook, "import os; os.kill(os.getpid(), 9)")):
        status, said = sound.build()
    assert status == 1
    assert sound.site() == old
    lines = [line for line in said.splitlines() if "3-ranking.ipynb, cell " in line]
    assert len(lines) == 3, "each index fails by itself"
    for line in lines:
        assert " (fault): DeadKernelError: the kernel died" in line
        copy = sound.root / line.rsplit("executed copy: ", 1)[1].rstrip(")")
        assert any(cell["id"] == "fault" for cell in json.loads(copy.read_text())["cells"])
    assert f"The review was not published; the log is {sound.root}/build/workflow.log" in said


def test_a_failing_renderer_is_named(sound: Project, tmp_path: Path):
    old, template = sound.site(), sound.root / "report/typst-template.typ"
    with changed(template, template.read_text("utf-8") + '\n#panic("out of ink")\n'):
        status, said = sound.build()
    assert status == 1
    assert "Typst refused the PDF" in said and "out of ink" in said
    quarto = tmp_path / "quarto"
    quarto.write_text('#!/bin/sh\n[ "$1" = --version ] && echo 1.10.1 && exit\necho boom; exit 1\n')
    quarto.chmod(0o755)
    status, said = sound.build("--renderer", "quarto", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert status == 1
    assert said.startswith("The build before this one failed: Typst refused the PDF")
    assert "quarto render --to html failed:\nboom" in said
    assert sound.site() == old


def test_of_two_builds_at_once_one_is_refused(sound: Project):
    first = sound.start()
    sound.wait_until_begun(first)
    second = sound.start()
    said, _ = second.communicate(timeout=60)
    assert (second.returncode, said) == (
        1,
        "Another build of this project is running; wait for it to end\n",
    )
    first.communicate(timeout=300)
    assert first.returncode == 0


def test_what_was_lost_is_made_again(sound: Project):
    made = sound.root / "build/2020/runs/ranking-egdi/data"
    lost = [next(made.glob("*.csv")), sound.root / "data/processed/2020/changes.parquet"]
    before = [path.read_bytes() for path in lost]
    for path in lost:
        path.unlink()
    assert sound.build()[0] == 0
    assert [path.read_bytes() for path in lost] == before


# ------------------------------------------------------------------ a full disk


@pytest.fixture
def small_disk(killed: Killed, tmp_path: Path) -> Iterator[Project]:
    """A copy of the finished project on a disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(place)]
    try:
        refused = subprocess.run(mount, capture_output=True).returncode
    except OSError:
        refused = True
    if refused:
        pytest.skip("mounting is not permitted here")
    try:
        yield Project(shutil.copytree(killed.project.root, place / "project"))
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(ballast: Path, room: int) -> None:
    """Leave `room` bytes on a disk."""
    about = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, about.f_bavail * about.f_frsize - room)


def test_a_full_disk_leaves_the_old_site(small_disk: Project):
    old, ballast = small_disk.site(), small_disk.root.parent / "ballast"
    chapter = small_disk.root / "report/fr/_glossaire.qmd"
    chapter.write_text(chapter.read_text("utf-8") + "\nUn mot de plus.\n", "utf-8")
    for room in (0, 32_768, 1_000_000):
        fill(ballast, room)
        status, said = small_disk.build()
        ballast.unlink()
        assert status == 1, room
        assert "No space left on device" in said, (room, said)
        assert small_disk.site() == old, room
    status, said = small_disk.build()
    assert status == 0, said
    assert "Un mot de plus." in small_disk.site()["2020/fr/index.html"].decode()


# ------------------------------------------------------------------ one edition of two


def test_the_other_editions_are_built_and_the_status_tells(built: Path, tmp_path: Path):
    project = Project(shutil.copytree(built, tmp_path / "copy"))
    old, chapter = project.site(), project.root / "report/fr/_glossaire.qmd"
    wrong = "\n<% if year == 2020 %><< nothing.here >><% else %>Un mot de plus.<% endif %>\n"
    chapter.write_text(chapter.read_text("utf-8") + wrong, "utf-8")
    status, said = project.build()
    assert status == 1
    assert "report/fr/_glossaire.qmd:" in said and "'nothing' is undefined" in said
    assert "Un mot de plus." in (project.root / "build/2021/fr/review.html").read_text("utf-8")
    assert project.site() == old
