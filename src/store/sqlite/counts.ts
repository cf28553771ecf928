import type { RememberedInstance } from '../../core/ports.ts';
import type { TrendAsk, TrendRow } from '../../core/schedule.ts';
import type { Db } from './database.ts';

/** Counts instances as they go by; `keep` writes what was counted, and is to be called in the same transaction. */
export function counting(
  db: Db,
  scan: number,
  instances: Iterable<RememberedInstance>,
): { going: Iterable<RememberedInstance>; keep(): void } {
  const counts = new Map<string, number>();
  const add = (...key: [image: string, group: string, what: 'verdict' | 'severity', name: string]) => {
    const text = JSON.stringify(key);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  };
  function* going() {
    for (const instance of instances) {
      const { image, group, verdict, findings } = instance;
      add(image, group, 'verdict', verdict);
      for (const { severity } of findings) add(image, group, 'severity', severity);
      yield instance;
    }
  }
  return {
    going: going(),
    keep() {
      const insert = db.prepare(
        'INSERT INTO scan_counts (scan, image, group_name, what, name, count) VALUES (?, ?, ?, ?, ?, ?)',
      );
      for (const [key, count] of counts) insert.run(scan, ...(JSON.parse(key) as string[]), count);
    },
  };
}

const TREND = `
  SELECT s.id AS scan, s.started_at AS startedAt, image, group_name AS "group", what, name, count
  FROM scans AS s JOIN scan_counts AS c ON c.scan = s.recorded
  WHERE s.started_at >= @since AND s.partial = 0
    AND (@image IS NULL OR image = @image) AND (@group IS NULL OR group_name = @group)
  ORDER BY s.started_at, s.recorded, image, group_name`;

interface Counted {
  scan: string;
  startedAt: string;
  image: string;
  group: string;
  what: 'verdict' | 'severity';
  name: string;
  count: number;
}

/** What scans saw, oldest first. Interrupted ones are left out: what they did not see did not go away. */
export function trend(db: Db, { since, image, group }: TrendAsk): TrendRow[] {
  const rows: TrendRow[] = [];
  const asked = { since, image: image ?? null, group: group ?? null };
  for (const { what, name, count, ...of } of db.prepare<[typeof asked], Counted>(TREND).iterate(asked)) {
    let row = rows.at(-1);
    if (row?.scan !== of.scan || row.image !== of.image || row.group !== of.group) {
      row = { ...of, verdicts: {}, findings: {} };
      rows.push(row);
    }
    (what === 'verdict' ? row.verdicts : row.findings)[name as never] = count as never;
  }
  return rows;
}
