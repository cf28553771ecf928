import { appendFileSync } from 'node:fs';
import { sqlite } from '../../../src/store/sqlite/store.ts';

/** A process that takes a message and is killed: `STORE FLEET FILE before-send|after-send`. */
const [path = '', fleet = '', file = '', when = ''] = process.argv.slice(2);
const { outbox } = sqlite.open(path);
const now = Date.now();
const row = outbox.claim(fleet, 'log', 'dies', new Date(now).toISOString(), new Date(now + 300).toISOString());
if (!row) throw new Error('nothing to take');
if (when === 'after-send') appendFileSync(file, `${row.payload}\n`);
process.kill(process.pid, 'SIGKILL');
