"""The workflow on a SLURM cluster of one node, on loopback: ``make test-cluster``.

Not collected with the other tests: it needs root, SLURM's daemons (``apt-get install slurm-wlm
munge rsync``) and the extra ``cluster``. ``BILAN_CLUSTER=all`` fans out to 27 countries and every
index. Kubernetes' daemons can't run everywhere: its executor talks to a fake of its interface.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pods
import pytest
import yaml

ROOT = Path(__file__).parents[1]
PLUGINS = os.environ.get("BILAN_PLUGINS", str(ROOT / ".venv/cluster"))
#: SLURM reads it here and nowhere else: the plugin's job steps don't keep SLURM_CONF.
SETTINGS = Path("/etc/slurm/slurm.conf")
WHOLE = os.environ.get("BILAN_CLUSTER") == "all"
EDITION = "2025" if WHOLE else "2020"
FAN = ("--countries", "all" if WHOLE else "DE,FR,MT", "--indices", "all" if WHOLE else "desi")
CONF = """\
ClusterName=bilan
SlurmctldHost=localhost
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
ReturnToService=2
MinJobAge=300
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory}
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""


# ------------------------------------------------------------------ the cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster of this machine alone, which leaves nothing when it ends."""
    if SETTINGS.exists():
        pytest.fail(f"{SETTINGS} exists: this machine belongs to a cluster already")
    place = tmp_path_factory.mktemp("slurm")
    (place / "munge.key").write_bytes(os.urandom(128))
    (place / "munge.key").chmod(0o600)
    (place / "state").mkdir()
    (place / "spool").mkdir()
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    text = CONF.format(place=place, cpus=os.cpu_count(), memory=int(megabytes * 0.9))
    SETTINGS.parent.mkdir(exist_ok=True)
    SETTINGS.write_text(text)
    daemons: list[subprocess.Popen] = []
    try:
        _start(place, daemons)
        yield place
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            daemon.wait(30)
        SETTINGS.unlink()


def _start(place: Path, started: list[subprocess.Popen]) -> None:
    munged = ["munged", "--foreground", "--force", f"--socket={place}/munge.socket"]
    munged += [f"--{name}={place}/munge.{name[:3]}" for name in ("pid-file", "log-file")]
    munged += [f"--key-file={place}/munge.key", f"--seed-file={place}/munge.seed"]
    path = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    for command in (munged, ["slurmctld", "-D"], ["slurmd", "-D", "-N", "localhost"]):
        with (place / f"{command[0]}.out").open("w") as log:
            started.append(subprocess.Popen(command, env=path, stdout=log, stderr=log))
        _until(lambda: (place / "munge.socket").exists())
    _until(lambda: "idle" in _said("sinfo", "--noheader", "--format=%t"))


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def _until(holds, seconds: int = 60) -> None:
    last = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < last, "it did not come about in a minute"
        time.sleep(0.2)


# ------------------------------------------------------------------ the builds


def _project(root: Path, fonts: Path | None = None) -> Path:
    """Make a project of one edition from what is checked out."""
    for folder in ("config", "data/raw", "notebooks", "profiles", "report", "src", "workflow"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "Snakefile", root / "Snakefile")
    settings = root / "config/editions.yml"
    described = yaml.safe_load(settings.read_text("utf-8"))
    described["editions"] = [e for e in described["editions"] if e["id"] == EDITION]
    if not WHOLE:
        described["editions"][0]["languages"] = ["fr"]
    settings.write_text(yaml.safe_dump(described), "utf-8")
    if fonts:
        shutil.copytree(fonts, root / "build/fonts")
    return root


def _environment(root: Path) -> dict[str, str]:
    return {
        **os.environ,
        "BILAN_ROOT": str(root),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{root / 'src'}:{PLUGINS}",
    }


def _build(root: Path, *given: str, **more: str) -> subprocess.Popen:
    with (root / "build.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "bilan", "build", "--renderer", "embedded", *given],
            cwd=root,
            env=_environment(root) | more,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _done(root: Path, build: subprocess.Popen, started: float, how: str) -> None:
    assert build.wait() == 0, (root / "build.log").read_text() + _log(root)[-4000:]
    print(f"\n{how}: {time.monotonic() - started:.0f} s")


def _site(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root / "site")): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((root / "site").rglob("*"))
        if path.is_file()
    }


def _log(root: Path) -> str:
    return (root / "build/workflow.log").read_text("utf-8", errors="replace")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The review and its fan-out, built on this machine alone; ``before`` is the review alone."""
    root = _project(tmp_path_factory.mktemp("local"))
    started = time.monotonic()
    _done(root, _build(root), started, "the review, here")
    shutil.copytree(root, root.with_name("before"), symlinks=True)
    started = time.monotonic()
    _done(root, _build(root, *FAN), started, "the fan-out, here")
    return root


@pytest.fixture(scope="module")
def remote(local: Path, cluster: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both, built by SLURM, where the first job is killed."""
    root = _project(tmp_path_factory.mktemp("remote"), local / "build/fonts")
    started = time.monotonic()
    build = _build(root, *FAN, "--profile", "profiles/slurm")
    try:
        _until(lambda: build.poll() is not None or _running(), 300)
        victim = _running()[0]
        subprocess.run(["scancel", victim], check=True)
        (root / "victim").write_text(victim)
        _done(root, build, started, "both, by SLURM")
    finally:
        if build.poll() is None:
            build.terminate()
            build.wait()
    return root


@pytest.fixture(scope="module")
def podded(local: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict]]:
    """The fan-out of a review that is there, built by Kubernetes, and its pods."""
    root, place = local.with_name("before"), tmp_path_factory.mktemp("kubernetes")
    profile = root / "profiles/kubernetes/config.yaml"
    profile.write_text(profile.read_text("utf-8").replace("/bilan", str(root)), "utf-8")
    image = _environment(root) | {"TZ": "UTC", "OMP_NUM_THREADS": "1"}
    image |= {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    del image["BILAN_ROOT"]
    started = time.monotonic()
    with pods.served(place, image) as asked:
        given = (*FAN, "--profile", "profiles/kubernetes")
        build = _build(root, *given, KUBECONFIG=str(place / "kubeconfig"))
        _done(root, build, started, "the fan-out, by Kubernetes")
    return root, list(asked.values())


def _running() -> list[str]:
    return _said("squeue", "--noheader", "--states=RUNNING", "--format=%i").split()


# ------------------------------------------------------------------ what is tested


def test_the_steps_were_jobs_of_the_cluster(remote: Path):
    jobs = re.findall(r"submitted with SLURM jobid (\d+)", _log(remote))
    assert len(set(jobs)) >= 5


def test_the_killed_job_was_tried_again(remote: Path):
    log, victim = _log(remote), (remote / "victim").read_text()
    (job,) = re.findall(rf"Job (\S+) has been submitted with SLURM jobid {victim} ", log)
    assert f"Trying to restart job {job}." in log
    tries = re.findall(rf"Job {job} has been submitted with SLURM jobid (\d+)", log)
    assert tries[0] == victim and len(tries) > 1


def test_the_cluster_publishes_the_same_bytes(local: Path, remote: Path):
    here, there = _site(local), _site(remote)
    assert len(here) > 50
    assert [name for name in {*here, *there} if here.get(name) != there.get(name)] == []


def test_the_build_says_what_it_did(remote: Path):
    said = (remote / "build.log").read_text()
    assert re.search(r"^Rebuilt \d\d+ steps in", said, re.M), said
    assert said.endswith(f"{remote}/site/index.html\n")


def test_nothing_is_left_in_the_queue(remote: Path):
    assert _said("squeue", "--noheader") == ""


def test_kubernetes_publishes_the_same_bytes(local: Path, podded: tuple[Path, list[dict]]):
    assert _site(local) == _site(podded[0])


def test_pods_mount_the_project_and_know_what_they_may_use(podded: tuple[Path, list[dict]]):
    root, asked = podded
    assert asked
    for pod in asked:
        (box,) = pod["containers"]
        assert {"name": "bilan", "mountPath": str(root)} in box["volumeMounts"]
        assert {"bilan"} == {
            volume["persistentVolumeClaim"]["claimName"]
            for volume in pod["volumes"]
            if "persistentVolumeClaim" in volume
        }
        assert box["image"] == "bilan" and box["resources"]["requests"]["memory"]
