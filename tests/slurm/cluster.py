"""A Slurm cluster of two nodes on this host, as Debian packages it: started, hurt and stopped."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import TypeVar

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge", "slurm-wlm-basic-plugins")
NODES = ("n1", "n2")
CONFIG = Path("/etc/slurm/slurm.conf")  # SLURM_CONF is dropped on the way to a job's steps
Found = TypeVar("Found")


def install() -> None:
    """Install Debian's Slurm and munge where they are absent; needs root."""
    if all(map(shutil.which, ("slurmctld", "slurmd", "squeue", "munged"))):
        return
    run("apt-get", "update")
    run("apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES)


def run(*command: str | Path) -> str:
    """Run a command that must succeed, and return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def wait_for(what: str, probe: Callable[[], Found], seconds: float = 300) -> Found:
    """Ask again and again until `probe` finds something, and fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)
    return found


class Cluster:
    """Two nodes, a controller and munge, all of whose files stand in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.munged: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start everything and wait until both nodes take jobs."""
        if CONFIG.is_symlink() and not Path(CONFIG.resolve().parent, "slurmctld.pid").exists():
            CONFIG.unlink()  # left by a test run that was killed
        assert not CONFIG.exists(), f"{CONFIG} is there: this host has a Slurm of its own"
        self._write_config()
        CONFIG.symlink_to(self.folder / "slurm.conf")
        self._start_munge()
        run("slurmctld")
        for node in NODES:
            self.start_node(node)
        wait_for("two idle nodes", lambda: self.states() == dict.fromkeys(NODES, "idle"))

    def stop(self) -> None:
        """Stop everything, and take the link away: a dead controller delays every Snakemake."""
        if read_pid(self.folder / "slurmctld.pid"):
            run("scancel", "--user", "root")
            wait_for("an empty queue", lambda: not run("squeue", "--noheader"))
        for name in (*(f"slurmd.{node}" for node in NODES), "slurmctld"):
            kill(read_pid(self.folder / f"{name}.pid"), signal.SIGTERM)
        if self.munged is not None:
            self.munged.terminate()
            self.munged.wait()
        CONFIG.unlink(missing_ok=True)

    def start_node(self, node: str) -> None:
        """Start one node."""
        run("slurmd", "-N", node)

    def kill_node(self, node: str) -> None:
        """Kill a node as a power cut does: its daemons and all that runs on it, at one stroke."""
        pid_file = self.folder / f"slurmd.{node}.pid"
        jobs = [job for job, place in self.running("").items() if place == node]
        # Without the daemons that watch over jobs, nobody reports that a job ended.
        watchers = [pid for job in jobs for pid in processes(said=f"slurmstepd: [{job}.")]
        tasks = processes(f"SLURMD_NODENAME={node}")
        for pid in [read_pid(pid_file), *watchers, *tasks]:
            kill(pid, signal.SIGKILL)
        pid_file.unlink()

    def states(self) -> dict[str, str]:
        """Return the state of each node."""
        lines = run("sinfo", "--noheader", "--Node", "--format", "%N %T").splitlines()
        return dict(line.split() for line in lines)

    def running(self, rule: str) -> dict[str, str]:
        """Return the id and the node of each running job of a rule or group."""
        lines = run("squeue", "--noheader", "--states", "R", "--format", "%A %N %k").splitlines()
        jobs = (line.split(maxsplit=2) for line in lines)
        return {job: node for job, node, comment in jobs if rule in comment}

    def at_work(self, job: str, rule: str) -> bool:
        """Say whether a rule's own script runs in a job, and not only what starts it."""
        return bool(processes(f"SLURM_JOB_ID={job}", said=f".{rule}.py"))

    def memory_mb(self, job: str) -> int:
        """Return the memory that a job asked for, ended ones included."""
        asked = run("squeue", "--noheader", "--states", "all", "--job", job, "--format", "%m")
        size, unit = asked.strip()[:-1], asked.strip()[-1]
        return round(float(size) * {"M": 1, "G": 1024}[unit])

    def restarts(self, job: str) -> int:
        """Return how often Slurm started a job again."""
        fields = run("scontrol", "show", "job", job).split()
        return int(next(f for f in fields if f.startswith("Restarts=")).partition("=")[2])

    def _write_config(self) -> None:
        ports = free_ports(3)
        template = Template(Path(__file__).with_name("slurm.conf").read_text())
        text = template.substitute(
            host=socket.gethostname().partition(".")[0],
            folder=self.folder,
            cores=os.cpu_count(),
            claimed=4 * max(8, os.cpu_count() or 1),
            **dict(zip(("controller_port", "first_port", "second_port"), ports, strict=True)),
        )
        (self.folder / "slurm.conf").write_text(text)
        for name in ("state", *(f"spool.{node}" for node in NODES)):
            (self.folder / name).mkdir()

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        files = {part: self.folder / f"munge.{part}" for part in ("key", "pid", "log", "seed")}
        options = [f"--{part}-file={path}" for part, path in files.items()]
        options += [f"--socket={self.folder / 'munge.socket'}"]
        # --force: the folder is root's alone, and so is all that asks for a credential here.
        command = ["munged", "--foreground", "--force", *options]
        self.munged = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_for("munge's socket", (self.folder / "munge.socket").exists)


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def read_pid(path: Path) -> int | None:
    """Return the process that a file names, if it is there."""
    return int(path.read_text()) if path.is_file() and path.read_text().strip() else None


def kill(pid: int | None, sign: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    if pid is not None:
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return


def processes(*environment: str, said: str = "") -> list[int]:
    """Return the processes of this cluster by their environment, and what their command says."""
    marks = {mark.encode() for mark in environment}
    marks |= {b"SLURM_CLUSTER_NAME=resound-test"} if environment else set()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            has = set((folder / "environ").read_bytes().split(b"\0"))
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        if marks <= has and said.encode() in command:
            found.append(int(folder.name))
    return found
