"""The gateway as shipped, and the bare echo beside it: by `rush bench` and `rush run`."""

import json
import os
import subprocess
from pathlib import Path

import machine
from machine import Broken, Missing

BASE = {"students": 3_400, "sections": 200}
GROWTH_CONNECTIONS = 1_000
IDLE = 5_000
WAITING = 19_000
SCENARIO = Path(__file__).resolve().parent.parent.parent / "loadtest/scenarios/university-34k.toml"
# Beside the seconds measured: an import, several starts, thousands of connections.
SETUP_SECONDS = 300
UNAVAILABLE, THRESHOLD_MISSED = 69, 99


def missing(args):
    if not os.access(args.rush, os.X_OK):
        return f"{args.rush} is not there; run: cargo build --release -p rush"
    return None


class Rush:
    def __init__(self, args, say):
        self.args, self.say = args, say

    def __enter__(self):
        self.dir = machine.temporary("rush")
        return self

    def __exit__(self, *_):
        machine.remove(self.dir)

    def call(self, *arguments, also=()):
        """Runs rush to its end. Its servers end when it does, even when it is killed."""
        command = [self.args.rush, *map(str, arguments), "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=os.environ | {"TMPDIR": str(self.dir)})
        try:
            out, err = process.communicate(timeout=SETUP_SECONDS + 4 * self.args.seconds)
        except subprocess.TimeoutExpired:
            raise Broken(f"rush {arguments[0]} did not end in time") from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode not in (0, *also):
            last = (err.strip() or "no message").splitlines()[-1]
            kind = Missing if process.returncode == UNAVAILABLE else Broken
            raise kind(f"rush {arguments[0]} failed ({process.returncode}): {last}")
        return json.loads(out.splitlines()[-1])

    def bench(self, *arguments):
        return self.call("bench", "--rounds", 1, "--seconds", self.args.seconds, *arguments)

    def pair(self, where, sections, clients, figures):
        told = self.bench("--connections", clients, "--sections", sections, "--idle", 0)
        for name in ["gateway", "echo"]:
            one, short = told["runs"][0][name], f"{name}_{where}_{clients}"
            figures.add(f"{short}_rate", one["operations_per_second"])
            figures.add(f"{short}_cpu_us", one["server_cpu_us"])
            self.say(f"  {short}: {one['operations_per_second']:.0f} operations/s, "
                     f"{one['server_cpu_us']:.1f} µs of server CPU each")
        figures.ratio(f"echo_{where}_{clients}_ratio", f"gateway_{where}_{clients}_rate",
                      f"echo_{where}_{clients}_rate")

    def idle(self, figures):
        told = self.bench("--connections", "", "--idle", IDLE)
        bytes_each = told["idle"]["gateway"]["bytes_per_connection"]
        figures.add("bytes_per_session", bytes_each)
        self.say(f"  {bytes_each} bytes an idle signed-in session")

    def push(self, figures):
        told = self.bench("--connections", "", "--idle", 0, "--push", WAITING)["push"]
        figures.add("push_cpu_us", told["cpu_us_per_frame"])
        self.say(f"  {told['cpu_us_per_frame']} µs of server CPU a frame pushed to {WAITING} "
                 f"waiting sessions ({told['frames']} frames, {told['positions']} positions)")

    def growth(self, figures):
        """CPU per registration of a ten times larger university by that of the base."""
        def cpu(students, sections):
            told = self.bench("--connections", GROWTH_CONNECTIONS, "--idle", 0,
                              "--students", students, "--sections", sections)
            return told["runs"][0]["gateway"]["server_cpu_us"]
        base = cpu(**BASE)
        for name in BASE:
            ratio = cpu(**(BASE | {name: 10 * BASE[name]})) / base
            figures.add(f"growth_{name}", ratio)
            self.say(f"  CPU per registration at ten times the {name}: {ratio:.2f} x")

    def rush34k(self, figures):
        told = self.call("run", SCENARIO, "--out", self.dir / "report", also=[THRESHOLD_MISSED])
        found = told["figures"]
        if "last_told_s" not in found or "last_durable_s" not in found:
            raise Broken("the run of university-34k has no last outcome")
        for name in ["durable", "told"]:
            figures.add(f"rush34k_{name}_s", found[f"last_{name}_s"])
        self.say(f"  university-34k: last outcome durable after {found['last_durable_s']} s, "
                 f"last connected student told after {found['last_told_s']} s")
