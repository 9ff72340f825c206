"""PostgreSQL 15 in a temporary cluster of its own, driven by pgbench."""

import os
import re
import shutil
import signal
import subprocess

import machine
from machine import Broken

APT = "apt-get install -y --no-install-recommends postgresql-15"
USER = "postgres"
# Two statements, each a transaction: a seat taken with its check and enrolled, and both undone.
PAIR = """\
\\set student :client_id + 1
\\set section :client_id % :sections + 1
WITH seat AS (UPDATE sections SET taken = taken + 1
    WHERE id = :section AND taken < capacity RETURNING id)
  INSERT INTO enrolments (student, section) SELECT :student, id FROM seat;
WITH gone AS (DELETE FROM enrolments
    WHERE student = :student AND section = :section RETURNING section)
  UPDATE sections SET taken = taken - 1 FROM gone WHERE id = gone.section;
"""
# Half of each page of the counters stays free, so that an update stays on its page.
SCHEMA = """\
CREATE TABLE sections (id int PRIMARY KEY, taken int NOT NULL, capacity int NOT NULL)
  WITH (fillfactor = 50);
CREATE TABLE enrolments (student int, section int, PRIMARY KEY (student, section));
INSERT INTO sections SELECT id, 0, 1000000 FROM generate_series(1, {sections}) id;
"""


class Postgres:
    @staticmethod
    def missing(args):
        found = all(os.access(args.pg_bin / name, os.X_OK) for name in ["initdb", "postgres"])
        if not found or not shutil.which("pgbench") or not shutil.which("psql"):
            return f"PostgreSQL 15 is not there; run: {APT}"
        if os.getuid() == 0 and not shutil.which("runuser"):
            return "PostgreSQL does not run as root and runuser is not there; install util-linux"
        return None

    def __init__(self, args, sections):
        self.bin, self.sections = args.pg_bin, sections
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
            # To the server itself, not to runuser: immediate shutdown, nothing is kept.
            machine.end_by(self.pid(), self.server, signal.SIGQUIT)
        if self.dir:
            machine.remove(self.dir)

    def start(self):
        as_root = os.getuid() == 0
        self.dir = machine.temporary("pg", USER if as_root else None)
        self.data, self.port = self.dir / "data", machine.free_port()
        unprivileged = ["runuser", "-u", USER, "--"] if as_root else []
        machine.run([*unprivileged, self.bin / "initdb", "-D", self.data, "-A", "trust", "-U", USER,
                     "-E", "UTF8", "--locale", "C"], "initdb", 60, cwd=self.dir)
        command = [*unprivileged, self.bin / "postgres", "-D", self.data, "-p", str(self.port)]
        for setting in ["fsync=on", "synchronous_commit=on", "listen_addresses=127.0.0.1",
                        f"unix_socket_directories={self.dir}"]:
            command += ["-c", setting]
        with open(self.dir / "log", "w") as log:
            self.server = subprocess.Popen(command, cwd=self.dir, stdout=log, stderr=log)
        machine.ready("PostgreSQL", self.server, lambda: self.sql("SELECT 1"))
        self.sql(SCHEMA.format(sections=self.sections))
        (self.dir / "pair.sql").write_text(PAIR)
        shown = ["server_version", "fsync", "synchronous_commit", "wal_sync_method"]
        self.about = {f"postgresql {name}": self.sql(f"SHOW {name}").strip() for name in shown}

    def pid(self):
        """Of the server: the first line of its own file."""
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, IndexError):
            return None

    def sql(self, text):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                   "-p", str(self.port), "-U", USER, "-c", text]
        return machine.run(command, "psql", 30)

    def run(self, where, seconds, clients):
        """Operations a second, and server CPU of each."""
        sections = self.sections if where == "spread" else 1
        before = machine.cpu_us(self.pid())
        command = ["pgbench", "-n", "-M", "prepared", "-c", clients, "-j", 2, "-T", seconds, "-D",
                   f"sections={sections}", "-f", self.dir / "pair.sql", "-h", "127.0.0.1",
                   "-p", self.port, "-U", USER, USER]
        told = machine.run(list(map(str, command)), "pgbench", seconds + 60)
        cpu = machine.cpu_us(self.pid()) - before
        pairs = re.search(r"actually processed: (\d+)", told)
        tps = re.search(r"tps = ([\d.]+) \(without", told)
        failed = re.search(r"failed transactions: (\d+)", told)
        if not pairs or not tps or int(pairs[1]) == 0 or (failed and int(failed[1])):
            raise Broken("pgbench told no rate, or transactions failed")
        left = self.sql("SELECT count(*) FROM enrolments").strip()
        taken = self.sql("SELECT sum(taken) FROM sections").strip()
        if left != taken:
            raise Broken(f"PostgreSQL has {left} enrolments and {taken} seats taken")
        return 2 * float(tps[1]), cpu / (2 * int(pairs[1]))
