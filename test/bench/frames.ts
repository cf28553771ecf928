import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { render } from 'ink';
import { createElement } from 'react';
import { rolldown } from 'rolldown';
import type { App as AppType } from '../../src/tui/app.tsx';
import type { AuditLoop as LoopType } from '../../src/tui/loop.ts';
import type { initial as initialType } from '../../src/tui/state.ts';
import { drifted, finding, report } from '../tui/make.ts';
import { median, type Row } from './measure.ts';

/** The fleet that must stay fluid. */
const [instances, findings] = [10_000, 500];
/** Milliseconds of a frame at thirty a second: what the eye takes for moving. */
const fluid = 1000 / 30;

/** What somebody does who looks around: moving, jumping, filtering, sorting, opening, going back. */
const keys = [
  ...['j', 'j', 'k', 'ctrl-d', 'ctrl-d', 'G', 'ctrl-u', 'g', 'down', 'pgdn', 's', 's', 's', 'r', 'b', 'b', 'b'],
  ...['/', 'n', 'o', 'd', 'e', '-', '9', '9', 'backspace', 'enter', 'esc', '3', '3', 'enter', 'j', 'G', 'g', 's', 's'],
  ...['/', 'f', '4', '9', 'enter', 'enter', 'n', 'esc', 'esc', 'esc', 'tab', 'tab', 'tab', ' ', 'j', ' ', '?', 'esc'],
];

/** The room as JavaScript, which Node needs for JSX; gives the directory. */
async function builtTui(): Promise<string> {
  const root = join(import.meta.dirname, '..', '..');
  const dir = join(root, 'node_modules', '.cache', 'bench-tui');
  const input = Object.fromEntries(
    ['app.tsx', 'loop.ts', 'state.ts'].map((file) => [file.replace(/\..*/, ''), join(root, 'src', 'tui', file)]),
  );
  const sources = await rolldown({ input, platform: 'node', external: /^[^./]/ });
  await sources.write({ dir, format: 'esm', entryFileNames: '[name].js' });
  return dir;
}

/** From a key to the bytes for the terminal, 200 x 50, drawn by ink; and the time until such a report is indexed. */
export async function framesOfAudit(): Promise<{ rows: Row[]; lines: string[] }> {
  const built = await builtTui();
  const { App } = (await import(join(built, 'app.js'))) as { App: typeof AppType };
  const { AuditLoop } = (await import(join(built, 'loop.js'))) as { AuditLoop: typeof LoopType };
  const { initial } = (await import(join(built, 'state.js'))) as { initial: typeof initialType };
  const shared = Array.from({ length: findings }, (_, i) => finding(`f${i}`, { severity: i % 9 ? 'low' : 'high' }));
  const nodes = Array.from({ length: instances }, (_, i) =>
    drifted(`node-${i}`, shared, { score: (i * 7919) % 101, group: `g${i % 20}` }),
  );
  const size = { columns: 200, rows: 50 };
  let drawnAt = 0;
  let frames = 0;
  const write = (text: string) => {
    drawnAt = performance.now();
    frames += text.length > 1000 ? 1 : 0;
    return true;
  };
  const stdout = Object.assign(new EventEmitter(), { ...size, isTTY: true, write });
  const can = { replace: false, scan: false };
  const state = initial({ title: 'bench', can, owner: '', history: () => [1, 2, 3], report: report(nodes), size });
  const began = performance.now();
  const loop = new AuditLoop(
    state,
    { history: () => [], waive: async () => '', exportTo: async () => '' },
    { copy: () => {}, quit: () => {} },
  );
  const opened = performance.now() - began;
  const nothing = () => {};
  const input = {
    isTTY: true,
    read: () => null,
    setRawMode: nothing,
    setEncoding: nothing,
    ref: nothing,
    unref: nothing,
  };
  const stdin = Object.assign(new EventEmitter(), input) as unknown as NodeJS.ReadStream;
  // Every change is drawn at once: what is measured is a frame, not how many are left out.
  const stream = stdout as unknown as NodeJS.WriteStream;
  const app = render(createElement(App, { loop, color: true }), {
    stdin,
    stdout: stream,
    debug: true,
    patchConsole: false,
  });
  const times: number[] = [];
  for (let round = 0; round < 4; round++)
    for (const key of keys) {
      const start = performance.now();
      loop.dispatch({ type: 'key', key });
      // React draws in a later turn of the event loop.
      for (let turn = 0; turn < 4 && drawnAt < start; turn++) await new Promise((done) => setImmediate(done));
      if (round > 0) times.push(Math.max(drawnAt, start) - start);
    }
  app.unmount();
  if (frames < times.length) throw new Error(`only ${frames} frames were drawn for ${times.length} keys`);
  const middle = median(times);
  const slowest = Math.max(...times);
  return {
    rows: [
      {
        what: `audit: key to frame, ${instances} x ${findings}, 200 x 50 cells / a frame at 30 Hz`,
        ours: `${middle.toFixed(1)} ms`,
        anchor: `${fluid.toFixed(1)} ms`,
        ratio: middle / fluid,
        target: 1,
      },
    ],
    lines: [
      `audit of ${instances} x ${findings}: opened in ${opened.toFixed(0)} ms, slowest of ${times.length} frames ${slowest.toFixed(1)} ms`,
    ],
  };
}
