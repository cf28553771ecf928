/** Marks a file as ours in its header (`PRAGMA application_id`): the letters `SNOW`. */
export const APPLICATION_ID = 0x534e4f57;

/**
 * Steps from each version of the database to the next; `PRAGMA user_version` counts those that were taken. A step that
 * was released is never changed: there are databases that took it.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE manifests (
    -- Order of addition: adding a manifest again makes it the newest of its ref.
    added INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL UNIQUE,
    ref TEXT NOT NULL,
    image_digest TEXT,
    created_at TEXT NOT NULL,
    added_at TEXT NOT NULL,
    files INTEGER NOT NULL,
    packages INTEGER NOT NULL,
    -- As it came: compressed already. Last, so that the other columns are read without it.
    encoded BLOB NOT NULL
  ) STRICT;
  CREATE INDEX manifests_by_ref ON manifests (ref, added);
  CREATE INDEX manifests_by_image ON manifests (image_digest, added);

  CREATE TABLE scans (
    -- Order of recording, which \`last~N\` counts.
    recorded INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    started_at TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    instances INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    worst TEXT NOT NULL,
    partial INTEGER NOT NULL,
    report BLOB NOT NULL -- JSON, gzip
  ) STRICT;

  CREATE TABLE scanned_instances (
    scan INTEGER NOT NULL REFERENCES scans (recorded) ON DELETE CASCADE,
    instance TEXT NOT NULL,
    identity TEXT NOT NULL,
    verdict TEXT NOT NULL,
    score REAL NOT NULL,
    complete INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    PRIMARY KEY (instance, identity, started_at, scan)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX scanned_instances_by_scan ON scanned_instances (scan);

  CREATE TABLE findings (
    instance TEXT NOT NULL,
    identity TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    change TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL,
    disposition TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    resolved_at TEXT, -- NULL while it is live
    PRIMARY KEY (instance, identity, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE baselines (
    instance TEXT PRIMARY KEY,
    identity TEXT NOT NULL,
    manifest TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    files BLOB NOT NULL -- gzip; last, so that the other columns are read without it
  ) STRICT;
  `,
  `
  CREATE TABLE replace_runs (
    id TEXT PRIMARY KEY,
    plan_digest TEXT NOT NULL UNIQUE, -- a plan is done once
    started_at TEXT NOT NULL,
    finished_at TEXT,
    state TEXT NOT NULL,
    says TEXT NOT NULL,
    holder TEXT NOT NULL, -- the process that runs it
    plan TEXT NOT NULL -- JSON
  ) STRICT;

  CREATE TABLE replace_locks (
    -- NULL-free: instances without a group share the empty one.
    group_name TEXT PRIMARY KEY,
    run TEXT NOT NULL REFERENCES replace_runs (id)
  ) STRICT;

  CREATE TABLE replace_journal (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL REFERENCES replace_runs (id),
    instance TEXT NOT NULL,
    group_name TEXT NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL,
    at TEXT NOT NULL,
    data TEXT NOT NULL -- JSON
  ) STRICT;
  CREATE INDEX replace_journal_by_run ON replace_journal (run, row);
  CREATE INDEX replace_journal_by_group ON replace_journal (group_name, step, at);

  CREATE TABLE verified_images (
    group_name TEXT NOT NULL,
    ref TEXT NOT NULL,
    digest TEXT NOT NULL, -- empty where it has none
    at TEXT NOT NULL,
    PRIMARY KEY (group_name, ref, digest)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Reports of the instances of a scan, one by one, so that nobody holds them all. Earlier scans have theirs in scans.report.
  CREATE TABLE scan_reports (
    scan INTEGER NOT NULL REFERENCES scans (recorded) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- from 0
    report BLOB NOT NULL, -- JSON, gzip
    PRIMARY KEY (scan, position)
  ) STRICT;
  `,
  `
  -- What was told of each instance, so that only what changes is told.
  CREATE TABLE told (
    fleet TEXT NOT NULL, -- the fleet file that says who is told
    instance TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    state TEXT NOT NULL, -- JSON; notify/tell.ts knows the format
    PRIMARY KEY (fleet, instance)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE outbox (
    row INTEGER PRIMARY KEY AUTOINCREMENT, -- order of sending
    key TEXT NOT NULL UNIQUE, -- scan, route and sink: nothing is made twice
    fleet TEXT NOT NULL,
    sink TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
    made_at TEXT NOT NULL,
    next_try_at TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0, -- parts of it that arrived
    holder TEXT, -- the process that sends it now
    lease_until TEXT, -- after which the holder counts as dead
    ended_at TEXT,
    says TEXT, -- why the last attempt failed
    payload TEXT NOT NULL -- JSON; empty once it was sent
  ) STRICT;
  CREATE INDEX outbox_by_sink ON outbox (fleet, sink, state, row);
  `,
  `
  -- Jobs of fleet files: what is owed, and how the last run went.
  CREATE TABLE jobs (
    fleet TEXT NOT NULL,
    job TEXT NOT NULL,
    timetable TEXT NOT NULL,
    settled_at TEXT NOT NULL, -- nothing is owed up to then
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running')),
    slot TEXT,
    started_at TEXT,
    finished_at TEXT,
    scan TEXT, -- known before the scan is recorded, so that a run that was killed behind it is not made again
    exit INTEGER,
    holder TEXT,
    PRIMARY KEY (fleet, job)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE fleet_locks (
    fleet TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    since TEXT NOT NULL,
    job TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Who holds something says so from time to time: of a process on another machine nobody could tell that it died.
  CREATE TABLE beats (
    holder TEXT PRIMARY KEY,
    at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What a scan saw of each image in each group, so that a trend needs no report.
  CREATE TABLE scan_counts (
    scan INTEGER NOT NULL REFERENCES scans (recorded) ON DELETE CASCADE,
    image TEXT NOT NULL,
    group_name TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('verdict', 'severity')),
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (scan, image, group_name, what, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX scans_by_start ON scans (started_at);
  `,
];
