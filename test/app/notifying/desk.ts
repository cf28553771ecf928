import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { outgoingOf } from '../../../src/app/notifying/outgoing.ts';
import { loadNotifying, type Notifying } from '../../../src/app/notifying/setup.ts';
import type { Store } from '../../../src/core/ports.ts';
import type { InstanceReport } from '../../../src/core/report.ts';
import { sqlite } from '../../../src/store/sqlite/store.ts';
import { report } from '../../notify/make.ts';

/** A directory with a store, for one test. */
export interface Desk {
  dir: string;
  /** Of the store's file. */
  path: string;
  store: Store;
  /** Writes a fleet file; gives its path. */
  fleet(text: string): string;
  /** The same, read: its section `notify`. */
  notifying(text: string): Promise<Notifying>;
  /** Records a scan that saw this, as the application does. */
  record(notifying: Notifying, looks: InstanceReport[], to?: Store): void;
}

let scans = 0;

export function notifyDesk(): Desk {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'snowfence-notify-')));
  const path = join(dir, 'store.db');
  const store = sqlite.open(path);
  onTestFinished(() => {
    store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const fleet = (text: string) => {
    const file = join(dir, 'fleet.yaml');
    writeFileSync(file, text);
    return file;
  };
  return {
    ...{ dir, path, store, fleet },
    async notifying(text) {
      const notifying = await loadNotifying(fleet(text));
      if (!notifying) throw new Error('it has a section');
      return notifying;
    },
    record(notifying, looks, to = store) {
      const one = report(looks, ++scans);
      const { id, startedAt, finishedAt } = one.scan;
      const row = { id, startedAt, finishedAt, instances: looks.length, findings: 0, worst: '', partial: false };
      to.addScan(row, JSON.stringify(one), [], outgoingOf(notifying, one));
    },
  };
}
