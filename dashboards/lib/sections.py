"""Sections: where the pressure is, how seats fill, who waits. Sections are named only while they
are among the twenty under most pressure."""

from .panels import RED, YELLOW, Dashboard, Panel, Row, Target, rate, sel, sum_rate

HOT = "sluis_hot_section_seats"
SEATS = "sluis_seats"


def hot(state):
    return f'sum by (section) ({sel(HOT, state_is(state))})'


def state_is(state):
    return f'state="{state}"'


def seats(state, by="kind"):
    return f"sum by ({by}) ({sel(SEATS, state_is(state))})"


def total(metric, *labels):
    return f"sum({sel(metric, *labels)})"


TAKEN_SHARE = f"{hot('taken')} / ({hot('capacity')} > 0)"
PRESSURE = f"({hot('taken')} + {hot('waitlisted')} + {hot('in_line')}) / ({hot('capacity')} > 0)"


def stat(title, description, unit, expr, **more):
    return Panel(title, description, unit, [Target(expr)], kind="stat", width=3, height=4, **more)


DASHBOARD = Dashboard(
    "sluis-sections", "Sluis / Sections",
    "The sections under most pressure, how seats fill, and who waits.",
    [
        stat("Sections open", "Sections that take students.", "short",
             total("sluis_sections", 'status="open"'), decimals=0),
        stat("Sections closed", "Closed by the registrar, or cancelled.", "short",
             total("sluis_sections", 'status=~"closed|cancelled"'), decimals=0),
        stat("Seats", "Seats of limited sections, cancelled ones left out.", "short",
             total(SEATS, state_is("capacity")), decimals=0),
        stat("Taken", "Share of the seats that somebody has.", "percentunit",
             f'{total(SEATS, state_is("taken"))} / {total(SEATS, state_is("capacity"))}', decimals=1),
        stat("Waiting", "Places on waitlists.", "short",
             total(SEATS, state_is("waitlisted")), decimals=0),
        stat("Promotions", "Waiting students who got a seat, since the journal began.", "short",
             total("sluis_promotions_total"), decimals=0),
        stat("Over capacity", "Seats beyond a capacity by a registrar's act: they only fall. No fault.",
             "short", total("sluis_over_capacity_seats"), thresholds=[(1, YELLOW)], decimals=0),
        stat("Oversold", "Seats given beyond a capacity. Anything but 0 is a page.", "short",
             total("sluis_oversold_seats_total"), thresholds=[(1, RED)], decimals=0),
        Row("Under most pressure"),
        Panel("Pressure", "Taken, waiting and in line, for each seat. Over 100 %: somebody goes without.",
              "percentunit", [Target(f"sort_desc({PRESSURE})", "{{section}}")],
              kind="bargauge", width=12, height=14, thresholds=[(0.8, YELLOW), (1, RED)],
              may_be_empty="while nothing was ever asked for"),
        Panel("Seats of the hottest sections", "One row a section.", "short",
              [Target(hot(state), name) for state, name in [
                  ("capacity", "Capacity"), ("taken", "Taken"), ("waitlisted", "Waiting"),
                  ("in_line", "In line, first choice")]],
              kind="table", width=12, height=14, may_be_empty="while nothing was ever asked for"),
        Panel("How the hottest fill", "Share of the seats that somebody has, section by section.",
              "percentunit", [Target(TAKEN_SHARE, "{{section}}")], width=12, maximum=1,
              may_be_empty="while nothing was ever asked for"),
        Panel("Waitlists of the hottest", "Students who wait, section by section.", "short",
              [Target(hot("waitlisted"), "{{section}}")], width=12,
              may_be_empty="while nothing was ever asked for"),
        Row("All sections"),
        Panel("How seats fill, by kind", "Share of the seats of limited sections that somebody has.",
              "percentunit", [Target(f"{seats('taken')} / ({seats('capacity')} > 0)", "{{kind}}")],
              width=8, maximum=1),
        Panel("Seats taken, by term", "Seats of limited sections that somebody has.", "short",
              [Target(seats("taken", "term"), "{{term}}")], width=8, stack=True),
        Panel("Waiting, by kind", "Places on waitlists.", "short",
              [Target(seats("waitlisted"), "{{kind}}")], width=8, stack=True),
        Panel("Promotions, passed over, swaps",
              "Each second: waiting students who got a seat; blockers told to those whom a seat "
              "passed by; courses changed for others.", "ops",
              [Target(sum_rate("sluis_promotions_total"), "promoted"),
               Target(sum_rate("sluis_passed_over_total"), "passed over"),
               Target(sum_rate("sluis_swaps_total"), "swapped")], width=12),
        Panel("Outcomes a second, by reason", "Refusals by reason, and everything else by outcome.",
              "ops", [Target(f'topk(10, sum by (outcome, reason) ({rate("sluis_outcomes_total")}) > 0)',
                             "{{outcome}} {{reason}}")], width=12,
              may_be_empty="while nothing is decided"),
    ],
)
