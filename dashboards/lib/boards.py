"""The dashboards, by the name of their file."""

from . import journal, opening_day, runtime, sections

BOARDS = {
    "opening-day": opening_day.DASHBOARD,
    "sections": sections.DASHBOARD,
    "journal": journal.DASHBOARD,
    "runtime": runtime.DASHBOARD,
}
