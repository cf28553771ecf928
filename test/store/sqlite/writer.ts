/** A process that records scans: `writer.ts PATH NAME COUNT`. Prints the id of each one after it was recorded. */

import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { sqlite } from '../../../src/store/sqlite/store.ts';

const [path = '', name = '', count = ''] = process.argv.slice(2);
const store = sqlite.open(path);
for (let n = 0; n < Number(count); n++) {
  const id = `${name}-${n}`;
  const at = new Date().toISOString();
  const findings = Array.from({ length: 20 }, (_, i) => ({
    id: `${name}-${n}-${i}`,
    kind: 'file',
    change: 'changed',
    subject: `/etc/${i}`,
    severity: 'high',
    disposition: 'drift',
  }));
  const shared = {
    id: 'shared',
    identity: 'machine-1',
    image: 'web:1',
    group: '',
    verdict: 'drifted',
    score: 1,
    complete: false,
    findings,
    report: '{}',
  };
  const row = { id, startedAt: at, finishedAt: at, instances: 1, findings: 20, worst: 'high', partial: false };
  store.addScan(row, JSON.stringify({ id, noise: randomBytes(100_000).toString('base64') }), [shared]);
  writeSync(1, `${id}\n`); // at once: what stands here was answered as recorded
}
store.close();
