"""Panels and dashboards as Grafana has them. Every query goes through `sel`, so that the variables
job and instance hold everywhere, and every panel says what it shows and in which unit."""

from dataclasses import dataclass, field

SELECTOR = 'job=~"$job", instance=~"$instance"'
# Grafana picks the interval so that a rate always has four scrapes.
RATE = "[$__rate_interval]"
DATASOURCE = {"type": "prometheus", "uid": "$datasource"}
COLUMNS = 24
SCHEMA_VERSION = 36
GREEN, YELLOW, RED, BLUE = "green", "#EAB839", "red", "blue"


def sel(metric, *labels):
    """A metric of the chosen gateway, with more label conditions."""
    return metric + "{" + ", ".join([SELECTOR, *labels]) + "}"


def rate(metric, *labels):
    return f"rate({sel(metric, *labels)}{RATE})"


def sum_rate(metric, *labels, by=()):
    by = f" by ({', '.join(by)})" if by else ""
    return f"sum{by} ({rate(metric, *labels)})"


def quantile(q, metric, *labels, by=()):
    by = ", ".join(["le", *by])
    return f"histogram_quantile({q}, sum by ({by}) ({rate(metric + '_bucket', *labels)}))"


@dataclass
class Target:
    expr: str
    legend: str = ""


@dataclass
class Panel:
    """One panel. `may_be_empty`: when its query returns nothing, as told to who looks at it.
    `empty_under_load`: why it returns nothing under the load of dashboards/test too; every other
    query must find something there."""

    title: str
    description: str
    unit: str
    targets: list
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    thresholds: list = field(default_factory=list)
    line_at: bool = False
    stack: bool = False
    decimals: int | None = None
    maximum: float | None = None
    minimum: float | None = 0
    may_be_empty: str = ""
    empty_under_load: str = ""
    text: dict = field(default_factory=dict)

    def steps(self):
        base = [{"color": GREEN if self.thresholds else BLUE, "value": None}]
        return base + [{"color": color, "value": value} for value, color in self.thresholds]

    def queries(self):
        instant = self.kind in ("stat", "bargauge", "table")
        queries = []
        for i, target in enumerate(self.targets):
            query = {
                "datasource": DATASOURCE,
                "editorMode": "code",
                "expr": target.expr,
                "instant": instant,
                "legendFormat": target.legend or "__auto",
                "range": not instant,
                "refId": chr(ord("A") + i),
            }
            if self.kind == "table":
                query["format"] = "table"
            queries.append(query)
        return queries

    def defaults(self):
        defaults = {
            "unit": self.unit,
            "thresholds": {"mode": "absolute", "steps": self.steps()},
            "color": {"mode": "palette-classic" if self.kind == "timeseries" else "thresholds"},
        }
        if self.decimals is not None:
            defaults["decimals"] = self.decimals
        if self.minimum is not None:
            defaults["min"] = self.minimum
        if self.maximum is not None:
            defaults["max"] = self.maximum
        if self.text:
            options = {str(k): {"text": v, "index": i} for i, (k, v) in enumerate(self.text.items())}
            defaults["mappings"] = [{"type": "value", "options": options}]
        if self.kind == "timeseries":
            defaults["custom"] = {
                "drawStyle": "line",
                "fillOpacity": 25 if self.stack else 8,
                "lineWidth": 1,
                "showPoints": "never",
                "spanNulls": 15000,
                "stacking": {"mode": "normal" if self.stack else "none", "group": "A"},
                "thresholdsStyle": {"mode": "line" if self.line_at else "off"},
            }
        return defaults

    def options(self):
        if self.kind == "timeseries":
            return {
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        reduce = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        if self.kind == "stat":
            return {
                "colorMode": "value",
                "graphMode": "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "reduceOptions": reduce,
                "textMode": "auto",
            }
        if self.kind == "bargauge":
            return {
                "displayMode": "gradient",
                "minVizHeight": 10,
                "orientation": "horizontal",
                "reduceOptions": reduce,
                "showUnfilled": True,
            }
        return {"showHeader": True, "cellHeight": "sm"}

    def json(self, number, x, y):
        description = self.description
        if self.may_be_empty:
            description += f" Empty {self.may_be_empty}."
        panel = {
            "datasource": DATASOURCE,
            "description": description,
            "fieldConfig": {"defaults": self.defaults(), "overrides": []},
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "id": number,
            "options": self.options(),
            "targets": self.queries(),
            "title": self.title,
            "type": self.kind,
        }
        if self.kind == "table":
            panel["transformations"] = self.table()
        return panel

    def table(self):
        """One row a label set, one column a query, named by its legend."""
        names = {f"Value #{chr(ord('A') + i)}": t.legend for i, t in enumerate(self.targets)}
        hidden = {name: True for name in ("Time", "job", "__name__", "state")}
        return [
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": hidden, "renameByName": names}},
        ]


@dataclass
class Row:
    """A headline over the panels that follow; no query."""

    title: str


@dataclass
class Dashboard:
    uid: str
    title: str
    description: str
    panels: list
    since: str = "now-30m"

    def placed(self):
        """Each panel with its place: left to right, the next line below the tallest."""
        x = y = tallest = 0
        for panel in self.panels:
            if isinstance(panel, Row):
                y += tallest
                yield panel, 0, y
                x, y, tallest = 0, y + 1, 0
                continue
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            yield panel, x, y
            x, tallest = x + panel.width, max(tallest, panel.height)

    def json(self):
        panels = []
        for number, (panel, x, y) in enumerate(self.placed(), start=1):
            if isinstance(panel, Row):
                place = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
                panels.append({
                    "collapsed": False, "gridPos": place, "id": number, "panels": [],
                    "title": panel.title, "type": "row",
                })
            else:
                panels.append(panel.json(number, x, y))
        return {
            "annotations": {"list": [annotation(name) for name in ANNOTATIONS]},
            "description": self.description,
            "editable": False,
            "graphTooltip": 1,
            "links": [{
                "asDropdown": False, "includeVars": True, "keepTime": True, "tags": ["sluis"],
                "targetBlank": False, "title": "Sluis", "type": "dashboards",
            }],
            "panels": panels,
            "refresh": "5s",
            "schemaVersion": SCHEMA_VERSION,
            "tags": ["sluis"],
            "templating": {"list": variables()},
            "time": {"from": self.since, "to": "now"},
            "timepicker": {"refresh_intervals": ["1s", "5s", "10s", "30s", "1m", "5m"]},
            "timezone": "browser",
            "title": self.title,
            "uid": self.uid,
            "version": 1,
        }


ANNOTATIONS = {
    "Openings": (f"{sel('sluis_window_opened_at_seconds')} > 0", "{{window}} opened"),
    "Closings": (f"{sel('sluis_window_closes_at_seconds')} > 0", "{{window}} closes"),
}


def annotation(name):
    """A line where a window opened or closes, on every graph."""
    expr, title = ANNOTATIONS[name]
    return {
        "datasource": DATASOURCE,
        "enable": True,
        "expr": f"({expr}) * 1000",
        "iconColor": "blue" if name == "Openings" else "purple",
        "name": name,
        "step": "60s",
        "titleFormat": title,
        "useValueForTime": "on",
    }


def variables():
    def query(name, text):
        return {
            "current": {}, "datasource": DATASOURCE, "definition": text, "hide": 0,
            "includeAll": False, "label": name.capitalize(), "multi": False, "name": name,
            "query": {"query": text, "refId": "StandardVariableQuery"}, "refresh": 2, "sort": 1,
            "type": "query",
        }

    return [
        {
            "current": {}, "hide": 0, "includeAll": False, "label": "Data source", "multi": False,
            "name": "datasource", "query": "prometheus", "refresh": 1, "type": "datasource",
        },
        query("job", "label_values(sluis_build_info, job)"),
        query("instance", 'label_values(sluis_build_info{job=~"$job"}, instance)'),
    ]
