"""What every dashboard must be, checked on the JSON as Grafana will read it."""

import re

from .panels import COLUMNS

METRIC = re.compile(r"\b((?:sluis|process)_[a-z0-9_]+)\b")


def lint(name, board):
    """Every fault of one dashboard, one line each."""
    faults = []

    def fault(where, what):
        faults.append(f"{name}: {where}: {what}")

    if "id" in board:
        fault("dashboard", "has an id: Grafana gives it one")
    if not re.fullmatch(r"sluis-[a-z-]{3,34}", board.get("uid", "")):
        fault("dashboard", "needs a stable uid of its own, sluis-…")
    if board.get("refresh") != "5s":
        fault("dashboard", "refresh is 5s")
    if not board.get("description"):
        fault("dashboard", "needs a description")
    if board.get("time") != {"from": "now-30m", "to": "now"}:
        fault("dashboard", "shows the last half hour")
    names = {variable["name"] for variable in board["templating"]["list"]}
    if names != {"datasource", "job", "instance"}:
        fault("dashboard", f"variables are datasource, job and instance, not {sorted(names)}")
    numbers = [panel["id"] for panel in board["panels"]]
    if len(set(numbers)) != len(numbers):
        fault("dashboard", "two panels have one number")
    titles = [panel["title"] for panel in board["panels"]]
    faults += overlaps(name, board["panels"])
    for panel in board["panels"]:
        if panel["type"] != "row":
            lint_panel(panel, lambda what, panel=panel: fault(panel["title"] or "a panel", what))
    if any(not title for title in titles):
        fault("dashboard", "every panel has a title")
    return faults


def lint_panel(panel, fault):
    if not panel.get("description"):
        fault("needs a description")
    if not panel["fieldConfig"]["defaults"].get("unit"):
        fault("needs a unit")
    if panel["datasource"] != {"type": "prometheus", "uid": "$datasource"}:
        fault("uses the variable $datasource")
    if not panel["targets"]:
        fault("has no query")
    for target in panel["targets"]:
        lint_query(target["expr"], fault)
        if target["datasource"]["uid"] != "$datasource":
            fault("a query uses the variable $datasource")
    if len(panel["targets"]) > 1 and panel["type"] == "timeseries":
        if any(t["legendFormat"] == "__auto" for t in panel["targets"]):
            fault("several queries: each needs a legend")


def lint_query(expr, fault):
    for metric in METRIC.findall(re.sub(r"\{[^}]*\}", lambda m: m.group(), expr)):
        for at in (m.start() for m in re.finditer(rf"\b{metric}\b", expr)):
            after = expr[at + len(metric):]
            if not after.startswith('{job=~"$job", instance=~"$instance"'):
                fault(f"{metric} is not limited to $job and $instance")
                break
    for function in re.finditer(r"\b(rate|increase|irate|delta)\(", expr):
        window = re.search(r"\[([^\]]*)\]", expr[function.end():])
        if not window or window.group(1) != "$__rate_interval":
            fault(f"{function.group(1)} goes over $__rate_interval")
    if "irate(" in expr:
        fault("irate shows chance: use rate")


def overlaps(name, panels):
    """Panels that lie over each other or beyond the edge."""
    faults, taken = [], {}
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > COLUMNS:
            faults.append(f"{name}: {panel['title']}: lies beyond the right edge")
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    faults.append(f"{name}: {panel['title']}: lies over {other}")
                    return faults
    return faults
