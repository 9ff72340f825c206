"""Opening day: one screen for the hour that matters."""

from .panels import RED, YELLOW, Dashboard, Panel, Target, quantile, rate, sel, sum_rate

OPENS_AT = sel("sluis_window_opens_at_seconds")
OPENED_AT = sel("sluis_window_opened_at_seconds")
# One that is paused has opened all the same.
OPEN = sel("sluis_window_state", 'state=~"open|paused"')
# That of the window that is open, else the next planned one, else the last there was.
SINCE_OPENING = (
    f"time() - (max({OPENED_AT} and on (window) {OPEN} == 1)"
    f" or min({OPENS_AT} > time()) or max({OPENED_AT} > 0))"
)

CAPACITY, TAKEN, REFUSED = 'state="capacity"', 'state="taken"', 'outcome="refused"'
SEATS_LEFT = f"sum({sel('sluis_seats', CAPACITY)}) - sum({sel('sluis_seats', TAKEN)})"
PROMISES = (
    f'sum({sel("sluis_oversold_seats_total")}) + sum({sel("sluis_invariant_violations_total")})'
)


def stat(title, description, unit, expr, width=3, **more):
    return Panel(title, description, unit, [Target(expr)], kind="stat", width=width, height=4, **more)


HEADLINE = [
    stat(
        "Since the opening",
        "Time since the opening of the window that is open, or, negative, until the next planned one.",
        "dtdurations", SINCE_OPENING, minimum=None,
        may_be_empty="while no window is planned and none has opened",
    ),
    stat(
        "In line", "Students with a place in a line, armed ones included, over all windows.",
        "short", f'sum({sel("sluis_line_waiting")})', decimals=0,
    ),
    stat(
        "Serving rate", "Tickets decided a second, over all windows.", "ops",
        sum_rate("sluis_line_decided_total"), decimals=0,
    ),
    stat(
        "Outcomes", "Durable outcomes, one a course, since the journal began.", "short",
        f'sum({sel("sluis_outcomes_total")})', decimals=0,
    ),
    stat(
        "p99 to durable outcome",
        "99 of 100 submits had their outcome on disk and on its way within this time.", "s",
        quantile(0.99, "sluis_submit_seconds"), thresholds=[(0.1, YELLOW), (0.25, RED)],
        may_be_empty="while nobody submits",
    ),
    stat("Seats left", "Seats of limited sections that nobody has.", "short", SEATS_LEFT, decimals=0),
    stat(
        "Sessions", "Share of the sessions that may be open at once.", "percentunit",
        f'sum({sel("sluis_sessions")}) / sum({sel("sluis_sessions_limit")})',
        thresholds=[(0.8, YELLOW), (0.95, RED)], decimals=0,
    ),
    stat(
        "Broken promises", "Seats oversold and invariants violated. Anything but 0 is a page.",
        "short", PROMISES, thresholds=[(1, RED)], decimals=0,
    ),
]

ROOM = [
    Panel(
        "In line, by window", "Students with a place, armed ones included.", "short",
        [Target(f'sum by (window) ({sel("sluis_line_waiting")})', "{{window}}")],
    ),
    Panel(
        "Outcomes a second, by kind",
        "Durable outcomes, one a course. A refusal is an outcome too.", "ops",
        [Target(sum_rate("sluis_outcomes_total", by=["outcome"]), "{{outcome}}")], stack=True,
    ),
    Panel(
        "Submit to durable outcome",
        "What a student waits: from her command to her outcome on disk and on its way. "
        "The line is the target.", "s",
        [
            Target(quantile(q, "sluis_submit_seconds"), name)
            for q, name in [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")]
        ],
        thresholds=[(0.25, RED)], line_at=True, may_be_empty="while nobody submits",
    ),
    Panel(
        "Seats left, by kind", "Seats of limited sections that nobody has.", "short",
        [
            Target(
                f'sum by (kind) ({sel("sluis_seats", CAPACITY)})'
                f' - sum by (kind) ({sel("sluis_seats", TAKEN)})',
                "{{kind}}",
            )
        ],
    ),
    Panel(
        "Wait in line", "From the opening, or the ticket if that came later, to the decision.", "s",
        [
            Target(quantile(q, "sluis_line_wait_seconds"), name)
            for q, name in [(0.5, "p50"), (0.95, "p95")]
        ],
        may_be_empty="while no line moves",
    ),
    Panel(
        "Time in each stage, p99", "Where an outcome spends its time.", "s",
        [Target(quantile(0.99, "sluis_stage_seconds", by=["stage"]), "{{stage}}")],
        may_be_empty="while nothing is decided",
    ),
    Panel(
        "Errors a second", "Answers that were no outcome. All at 0 is how it should look.", "ops",
        [
            Target(sum_rate("sluis_busy_total"), "busy"),
            Target(sum_rate("sluis_messages_refused_total"), "messages refused"),
            Target(sum_rate("sluis_limiter_refusals_total"), "too fast"),
            Target(sum_rate("sluis_http_requests_total", 'status="5xx"'), "HTTP 5xx"),
            Target(sum_rate("sluis_slow_consumer_frames_total"), "slow readers"),
        ],
        width=8, height=7,
    ),
    Panel(
        "Refusals a second, by reason", "Why courses were refused.", "ops",
        [
            Target(
                f'topk(8, sum by (reason) ({rate("sluis_outcomes_total", REFUSED)}) > 0)',
                "{{reason}}",
            )
        ],
        width=8, height=7, stack=True, may_be_empty="while nothing is refused",
    ),
    Panel(
        "Sessions", "Open WebSockets, and how many come and go a minute.", "short",
        [
            Target(f'sum({sel("sluis_sessions")})', "open"),
            Target(f"60 * {sum_rate('sluis_sessions_opened_total')}", "opened a minute"),
            Target(f"60 * {sum_rate('sluis_sessions_closed_total')}", "closed a minute"),
        ],
        width=5, height=7,
    ),
    Panel(
        "Alerts", "What fires now.", "short",
        [
            Target(
                f'sum by (alertname) (ALERTS{{alertstate="firing", job=~"$job|"}})',
                "{{alertname}}",
            )
        ],
        kind="stat", width=3, height=7, thresholds=[(1, RED)], may_be_empty="when all is well",
        empty_under_load="the one alert that holds there waits a minute before it fires",
    ),
]

DASHBOARD = Dashboard(
    "sluis-opening-day", "Sluis / Opening day",
    "One screen for the hour of the opening: the line, what comes out of it, and how fast.",
    HEADLINE + ROOM,
)
