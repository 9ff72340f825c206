"""What the tools play with: a gateway, Prometheus, `rush`. All in one temporary directory, on free
ports of this machine, each ended by its own process id whatever happens."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DASHBOARDS = Path(__file__).resolve().parent.parent
ROOT = DASHBOARDS.parent
READY_S = 60
RUSH_S = 300
END_S = 10


class Trouble(Exception):
    """Something is missing or went wrong; the text says what to do."""


def say(text):
    print(text, flush=True)


def program(name):
    """A built program: $SLUIS_PROGRAM or $RUSH_PROGRAM, else the newest in target/."""
    named = os.environ.get(f"{name.upper()}_PROGRAM")
    if named:
        return named
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = [path for kind in ("release", "debug") if (path := target / kind / name).exists()]
    if not built:
        raise Trouble(f"{name} is not built: cargo build --workspace, or set {name.upper()}_PROGRAM")
    return str(max(built, key=lambda path: path.stat().st_mtime))


def tool(name, package):
    found = shutil.which(name)
    if not found:
        raise Trouble(f"{name} is missing: apt-get install {package}")
    return found


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def fetch(url, timeout=10, token=None):
    asked = urllib.request.Request(url)
    if token:
        asked.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(asked, timeout=timeout) as answer:
        return answer.read().decode()


def wait_for(what, holds, seconds=READY_S, child=None):
    """Waits until something holds; a child that ends meanwhile is trouble at once."""
    since = time.monotonic()
    while time.monotonic() - since < seconds:
        try:
            if (found := holds()):
                return found
        except (OSError, urllib.error.URLError, ValueError):
            pass
        if child and child.process.poll() is not None:
            raise Trouble(f"{child.name} ended ({child.process.returncode}): {child.last_words()}")
        time.sleep(0.05)
    words = f": {child.last_words()}" if child else ""
    raise Trouble(f"{what}: not within {seconds} s{words}")


class Child:
    """A process of ours, in a group of its own, with its log in a file."""

    def __init__(self, name, command, log, env=None, cwd=None):
        self.name, self.log = name, Path(log)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, **(env or {})}, cwd=cwd, start_new_session=True,
            )

    def last_words(self):
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(lines[-3:]) or "it wrote nothing"

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Stage:
    """A directory and the processes in it; both go when it is left."""

    def __enter__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="sluis-dashboards-"))
        self.children = []
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, name, command, **more):
        child = Child(name, command, self.dir / f"{name}.log", **more)
        self.children.append(child)
        return child

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path


# For a load test from one machine: as docs/REHEARSE.md says.
SETTINGS = {
    "SLUIS__SERVER__LISTEN": "127.0.0.1:0",
    "SLUIS__METRICS__LISTEN": "127.0.0.1:0",
    "SLUIS__SIGN_IN__DEMO_WITH_REAL_DATA": "true",
    "SLUIS__LIMITS__ADDRESS_CONNECTS_PER_SECOND": "100000",
    "SLUIS__LIMITS__ADDRESS_CONNECTS_BURST": "100000",
    "SLUIS__LIMITS__ADDRESS_REQUESTS_PER_SECOND": "100000",
    "SLUIS__LIMITS__ADDRESS_REQUESTS_BURST": "100000",
    "SLUIS__LOG__LEVEL": "warn",
}


def university(scenario, groups=2):
    """A catalogue and students for a scenario that is played on a gateway that is there: as many
    courses, each with a lecture and tutorial groups, as scarce and as unevenly wanted as it says."""
    demand, count = scenario["demand"], scenario["students"]["count"]
    window = scenario.get("window", {})
    seats = count * demand["requests_per_student"] / (demand["courses"] * demand["ratio"])
    seats = max(groups, round(seats / groups) * groups)
    text = '[[terms]]\nkey = "t"\nname = "Term"\nfirst_monday = "2027-02-01"\n'
    parts = ", ".join(f'{{ key = "T{g}", capacity = {seats // groups} }}' for g in range(groups))
    for n in range(demand["courses"]):
        text += (
            f'[[courses]]\ncode = "C{n:03}"\nname = "Course {n}"\nects = 5\n'
            f'[[courses.components]]\nkind = "lecture"\n'
            f'sections = [{{ key = "L", capacity = {seats} }}]\n'
            f'[[courses.components]]\nkind = "tutorial"\nsections = [{parts}]\n'
        )
    pace = window.get("pace", "unlimited")
    text += (
        f'[[windows]]\nkey = "rush"\nname = "Rush"\nclash = "warn"\nwaitlists = true\n'
        f'pace = {json.dumps(pace)}\n'
        '[[windows]]\nkey = "later"\nname = "Later"\n'
        'opens_at = 2099-01-01T09:00:00Z\ncloses_at = 2099-01-08T09:00:00Z\n'
    )
    return text, [f"s{n:05}" for n in range(count)]


def play(stage, gateway, scenario):
    """A rush on a gateway that is there, to its end."""
    rush = stage.start("rush", [
        program("rush"), "run", scenario, "--target", gateway.url, "--json",
        "--token-file", gateway.tokens, "--registrar-token-file", gateway.registrar,
        "--out", stage.dir / "report",
    ])
    wait_for("the rush ends", lambda: rush.process.poll() is not None, seconds=RUSH_S)
    return rush


class Gateway:
    """The real program on a directory of its own, with a university of its own."""

    def __init__(self, stage, catalogue, students):
        self.stage, self.program = stage, program("sluis")
        self.data = stage.dir / "data"
        self.run("catalogue", "import", stage.write("courses.toml", catalogue))
        rows = "".join(f"{key},,1,,\n" for key in students)
        table = stage.write("students.csv", f"id,programme,year,blocks,completed\n{rows}")
        self.run("students", "import", table)
        self.child = stage.start(
            "gateway", [self.program, "serve", "--data", self.data], env=SETTINGS
        )
        note = wait_for("the gateway is there", self.note, child=self.child)
        self.url, self.metrics = note["url"], note["metrics"]
        wait_for("the gateway is ready", lambda: fetch(f"{self.url}/readyz"), child=self.child)
        keys = stage.write("keys.txt", "\n".join(students))
        self.tokens = stage.write("tokens.tsv", self.run("token", "--students", keys))
        self.registrar = stage.write("registrar", self.run("token", "--role", "registrar"))
        self.operator = stage.write("operator", self.run("token", "--role", "operator"))

    def run(self, *args):
        command = [self.program, *map(str, args), "--data", str(self.data)]
        done = subprocess.run(
            command, env={**os.environ, **SETTINGS}, capture_output=True, text=True, timeout=60,
        )
        if done.returncode:
            raise Trouble(f"sluis {' '.join(map(str, args[:2]))}: {done.stderr.strip()}")
        return done.stdout

    def note(self):
        return json.loads((self.data / "serving.json").read_text())

    def address(self):
        """Where Prometheus scrapes it: HOST:PORT."""
        return urllib.parse.urlparse(self.metrics).netloc


# What the shipped configuration has as a comment, for a gateway elsewhere.
AUTHORIZATION = """    # authorization:
    #   credentials_file: /etc/prometheus/sluis-token
"""


def with_token(file):
    return f"    authorization:\n      credentials_file: {json.dumps(str(Path(file).resolve()))}\n"


class Prometheus:
    """The real one, with the shipped configuration, scraping one gateway each second."""

    def __init__(self, stage, target, environment="rehearsal", interval="1s", port=None, token_file=None):
        folder = DASHBOARDS / "prometheus"
        text = (folder / "prometheus.yml").read_text()
        token = [(AUTHORIZATION, with_token(token_file))] if token_file else []
        for before, after in token + [
            ('"127.0.0.1:9464"', f'"{target}"'),
            ("environment: production", f"environment: {environment}"),
            ("scrape_interval: 5s", f"scrape_interval: {interval}"),
            ("evaluation_interval: 5s", f"evaluation_interval: {interval}"),
            ("scrape_timeout: 4s", f"scrape_timeout: {interval}"),
            ("- rules.yml", f"- {folder / 'rules.yml'}"),
            ("- alerts.yml", f"- {folder / 'alerts.yml'}"),
        ]:
            if before not in text:
                raise Trouble(f"prometheus.yml: {before} is not in it")
            text = text.replace(before, after)
        self.target = target
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.child = stage.start("prometheus", [
            tool("prometheus", "prometheus"),
            f"--config.file={stage.write(f'prometheus-{port}.yml', text)}",
            f"--storage.tsdb.path={stage.dir / f'tsdb-{port}'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
            "--log.level=warn",
        ])
        wait_for("Prometheus is ready", lambda: fetch(f"{self.url}/-/ready"), child=self.child)

    def ask(self, path, **query):
        """The data of an answer of its HTTP API."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query, doseq=True)}"
        try:
            answer = json.loads(fetch(url, timeout=30))
        except urllib.error.HTTPError as error:
            answer = json.loads(error.read().decode() or "{}")
        if answer.get("status") != "success":
            raise Trouble(answer.get("error", f"{path}: no answer that can be read"))
        return answer["data"]

    def query(self, expr, at=None):
        return self.ask("query", query=expr, **({"time": at} if at else {}))["result"]

    def range(self, expr, start, end, step):
        return self.ask("query_range", query=expr, start=start, end=end, step=step)["result"]

    def fill(self, expr, interval="1m"):
        """A dashboard's query with its variables put in."""
        for name, value in [
            ("$__rate_interval", interval), ("$job", "sluis"), ("$instance", self.target),
        ]:
            expr = expr.replace(name, value)
        return expr
