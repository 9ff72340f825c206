"""Journal and disk: how long a sync takes, how far the disk is behind, and how long it will last."""

from .panels import RED, YELLOW, Dashboard, Panel, Row, Target, quantile, rate, sel, sum_rate

DURABLE = sel("sluis_journal_durable_sequence")
WRITTEN = sel("sluis_journal_written_sequence")
FREE, SIZE = sel("sluis_journal_disk_free_bytes"), sel("sluis_journal_disk_size_bytes")
SNAPSHOT = sel("sluis_snapshot_sequence")
SNAPSHOT_AT = sel("sluis_snapshot_timestamp_seconds")
QUANTILES = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")]


def stat(title, description, unit, expr, **more):
    return Panel(title, description, unit, [Target(expr)], kind="stat", width=3, height=4, **more)


def per_record(metric):
    """By commits: so much for each record, 0 while nothing is written."""
    return f"{sum_rate(metric)} / ({sum_rate('sluis_journal_records_total')} > 0)"


DASHBOARD = Dashboard(
    "sluis-journal", "Sluis / Journal and disk",
    "The disk under everything that is told: syncs, commits, space, snapshots, the last start.",
    [
        stat("Durable", "Last record on disk.", "short", f"max({DURABLE})", decimals=0),
        stat("Not on disk yet", "Records handed over and not on disk.", "short",
             f"sum({WRITTEN} - {DURABLE})", thresholds=[(10000, YELLOW), (32768, RED)], decimals=0),
        stat("Oldest waits", "Age of the oldest record that is not on disk; 0 when none waits.", "s",
             f"max({sel('sluis_journal_waiting_seconds')})", thresholds=[(1, YELLOW), (5, RED)]),
        stat("Sync, p99", "Flush and fdatasync of one commit.", "s",
             quantile(0.99, "sluis_journal_sync_seconds"), thresholds=[(0.025, YELLOW), (0.1, RED)],
             may_be_empty="while nothing is written"),
        stat("Journal", "Size of the journal's files.", "bytes",
             f"sum({sel('sluis_journal_size_bytes')})", decimals=1),
        stat("Disk free", "Share of the journal's disk that is free.", "percentunit",
             f"min({FREE} / {SIZE})", thresholds=[], decimals=1),
        stat("Since the snapshot", "Records that a start would read after the newest snapshot.",
             "short", f"max({DURABLE} - {SNAPSHOT})", thresholds=[(2000000, YELLOW)], decimals=0),
        stat("Last start", "Time in which this start read the journal.", "s",
             f"max({sel('sluis_replay_seconds')})", decimals=2),
        Row("Commits"),
        Panel("Sync", "Flush and fdatasync of one commit: the disk's own speed.", "s",
              [Target(quantile(q, "sluis_journal_sync_seconds"), name) for q, name in QUANTILES],
              thresholds=[(0.1, RED)], line_at=True, may_be_empty="while nothing is written"),
        Panel("Commit", "From handing a commit to the store until it is on disk.", "s",
              [Target(quantile(q, "sluis_journal_commit_seconds"), name) for q, name in QUANTILES],
              may_be_empty="while nothing is written"),
        Panel("Not on disk yet", "Records handed over and not on disk; beyond 32,768 newcomers are "
              "told Busy.", "short", [Target(f"sum({WRITTEN} - {DURABLE})", "records")],
              thresholds=[(32768, RED)]),
        Panel("Records a second", "Records made durable.", "ops",
              [Target(sum_rate("sluis_journal_records_total"), "records"),
               Target(sum_rate("sluis_journal_sync_seconds_count"), "commits")]),
        Panel("Records a commit", "Larger when the disk is slow: what comes meanwhile goes together.",
              "short",
              [Target(quantile(q, "sluis_journal_batch_records"), name) for q, name in QUANTILES],
              may_be_empty="while nothing is written"),
        Panel("Bytes a record", "Bytes of commits for each record, headers included.", "bytes",
              [Target(per_record("sluis_journal_bytes_total"), "bytes")],
              may_be_empty="while nothing is written"),
        Row("Space, snapshots, starts"),
        Panel("Disk", "The journal's files, and what is free on their disk.", "bytes",
              [Target(f"sum({sel('sluis_journal_size_bytes')})", "journal"),
               Target(f"min({FREE})", "free")], width=6),
        Panel("Bytes a second", "Bytes of commits made durable.", "Bps",
              [Target(sum_rate("sluis_journal_bytes_total"), "written")], width=6),
        Panel("Since the snapshot", "Records that a start would read after the newest snapshot.",
              "short", [Target(f"max({DURABLE} - {SNAPSHOT})", "records")], width=4),
        Panel("Age of the snapshot", "Snapshots are made in quiet moments, once enough is new.", "s",
              [Target(f"max((time() - {SNAPSHOT_AT}) and ({SNAPSHOT_AT} > 0))", "age")], width=4,
              may_be_empty="until there is a snapshot",
              empty_under_load="a snapshot is made every 500,000 records, and these are few"),
        Panel("The last start", "Records read, and the rate at which they were.", "short",
              [Target(f"max({sel('sluis_replay_records')})", "records"),
               Target(f"max({sel('sluis_replay_records')} / ({sel('sluis_replay_seconds')} > 0))",
                      "records a second")], width=4),
    ],
)
