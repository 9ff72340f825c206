"""Redis in a temporary directory of its own, driven by redis-benchmark."""

import re
import shutil
import signal
import subprocess
import time

import machine
from machine import Broken

APT = "apt-get install -y --no-install-recommends redis-server"
STUDENTS = 10_000
CAPACITY = 1_000_000
WARM_UP_SECONDS = 1
# One script: who has a seat gives it back, who has none takes one if there is one left.
# ARGV: student, sections.
PAIR = f"""\
local student = tonumber(ARGV[1])
local section = student % tonumber(ARGV[2])
local taken, enrolled = 'taken:' .. section, 'enrolled:' .. section
if redis.call('SREM', enrolled, student) == 1 then
  redis.call('DECR', taken)
  return 'dropped'
end
if tonumber(redis.call('GET', taken) or '0') >= {CAPACITY} then
  return 'full'
end
redis.call('INCR', taken)
redis.call('SADD', enrolled, student)
return 'enrolled'
"""


class Redis:
    @staticmethod
    def missing(_):
        names = ["redis-server", "redis-cli", "redis-benchmark"]
        if not all(shutil.which(name) for name in names):
            return f"Redis is not there; run: {APT}"
        return None

    def __init__(self, _, __):
        self.server, self.dir, self.about = None, None, {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.server:
            machine.end(self.server, signal.SIGKILL)
        if self.dir:
            machine.remove(self.dir)

    def start(self):
        self.dir, self.port = machine.temporary("redis"), machine.free_port()
        command = ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.dir,
                   "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                   "--maxclients", 2000, "--tcp-backlog", 4096]
        with open(self.dir / "log", "w") as log:
            self.server = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
        machine.ready("Redis", self.server, lambda: self.cli("PING"))
        self.script = self.cli("SCRIPT", "LOAD", PAIR).strip()
        version = re.search(r"redis_version:(\S+)", self.cli("INFO", "server"))
        self.about = {"redis version": version[1]}
        for name in ["appendonly", "appendfsync"]:
            self.about[f"redis {name}"] = self.cli("CONFIG", "GET", name).split()[1]

    def cli(self, *words):
        # -e: an error that the server answers is an exit code.
        command = ["redis-cli", "-e", "-p", str(self.port), *words]
        return machine.run(command, "redis-cli", 30)

    def calls(self):
        told = self.cli("INFO", "commandstats")
        found = re.search(r"cmdstat_evalsha:calls=(\d+).*failed_calls=(\d+)", told)
        if found and int(found[2]):
            raise Broken("calls of the script failed")
        return int(found[1]) if found else 0

    def sample(self):
        return self.calls(), machine.cpu_us(self.server.pid), time.monotonic()

    def run(self, sections, seconds, clients):
        """Operations a second, and server CPU of each: between two looks at the server."""
        command = ["redis-benchmark", "-p", self.port, "-c", clients, "-n", 1_000_000_000,
                   "-r", STUDENTS, "--threads", 2, "-q",
                   "EVALSHA", self.script, 0, "__rand_int__", sections]
        client = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            idle = self.calls()
            machine.ready("the Redis client", client, lambda: self.moved(idle))
            time.sleep(WARM_UP_SECONDS)
            a = self.sample()
            time.sleep(seconds)
            b = self.sample()
        finally:
            machine.end(client, signal.SIGKILL)
        operations = b[0] - a[0]
        if operations < 1:
            raise Broken("no call of the script came to its end")
        self.check(sections)
        return operations / (b[2] - a[2]), (b[1] - a[1]) / operations

    def moved(self, idle):
        if self.calls() == idle:
            raise Broken("no call yet")

    def check(self, sections):
        """The counters are the sets; then everything is forgotten, for the next run."""
        for section in {0, sections - 1}:
            taken = self.cli("GET", f"taken:{section}").strip() or "0"
            enrolled = self.cli("SCARD", f"enrolled:{section}").strip()
            if taken != enrolled:
                raise Broken(f"Redis has {enrolled} enrolments and {taken} seats taken")
        self.cli("FLUSHALL")
