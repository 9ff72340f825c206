"""What the parts of compare share: processes, CPU time, ports, temporary directories."""

import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")
median = statistics.median


class Missing(Exception):
    """Something that must be installed or built first: exit code 69."""


class Broken(Exception):
    """A run that failed: exit code 1."""


def stat(pid):
    """The fields of /proc/PID/stat behind the name, or None when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def children(pid):
    processes = (int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit())
    return [p for p in processes if (s := stat(p)) and int(s[1]) == pid]


def cpu_us(pid):
    """User and system time of a server: its own, of children that it waited for, of living ones."""
    own = stat(pid)
    if own is None:
        raise Broken(f"the server {pid} ended by itself")
    living = [s for child in children(pid) if (s := stat(child))]
    ticks = sum(map(int, own[11:15])) + sum(int(s[11]) + int(s[12]) for s in living)
    return ticks * TICK_US


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(command, what, timeout, **more):
    """Runs a program to its end and returns what it printed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **more)
    except subprocess.TimeoutExpired:
        raise Broken(f"{what} did not end within {timeout} s") from None
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise Broken(f"{what} failed ({done.returncode}): {last}")
    return done.stdout


def ready(what, process, look, seconds=30):
    """Waits until `look` answers without a failure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Broken(f"{what} ended by itself ({process.returncode})")
        try:
            return look()
        except Broken:
            time.sleep(0.05)
    raise Broken(f"{what} was not ready within {seconds} s")


def end(process, signal_number, seconds=20):
    """Ends a process of our own and waits for it."""
    if process.poll() is None:
        process.send_signal(signal_number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def end_by(pid, process, signal_number):
    """Ends what runs under another program (runuser): the signal goes to it, not to its parent."""
    if pid is None:
        return end(process, signal_number)
    try:
        os.kill(pid, signal_number)
        process.wait(20)
    except ProcessLookupError:
        process.wait()
    except subprocess.TimeoutExpired:
        os.kill(pid, signal.SIGKILL)
        process.wait()


def temporary(name, owner=None):
    path = Path(tempfile.mkdtemp(prefix=f"sluis-compare-{name}-"))
    if owner:
        shutil.chown(path, owner, owner)
    return path


def remove(path):
    """A server that was just killed may still write there."""
    for _ in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.1)


def describe():
    """The machine, as far as the figures depend on it."""
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.machine())
    place = Path(tempfile.gettempdir()).resolve()
    mounts = [line.split() for line in open("/proc/mounts")]
    # The last mount of the longest path that leads there.
    _, kind = max(((m[1], m[2]) for m in reversed(mounts) if place.is_relative_to(m[1])),
                  key=lambda mount: len(mount[0]))
    return {"processors": f"{os.cpu_count()} x {cpu}", "kernel": platform.release(),
            "disk": f"{place} ({kind})"}
