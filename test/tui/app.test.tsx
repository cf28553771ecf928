import { setTimeout as delay } from 'node:timers/promises';
import { render } from 'ink-testing-library';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { App } from '../../src/tui/app.tsx';
import { AuditLoop } from '../../src/tui/loop.ts';
import type { AuditPorts } from '../../src/tui/ports.ts';
import { initial } from '../../src/tui/state.ts';
import { drifted, finding, hostile, report, small } from './make.ts';

const ports: AuditPorts = { history: () => [], waive: async () => '', exportTo: async () => '' };

/** The audit drawn by ink on a terminal of this size. */
function shown(of: Report, size: { columns: number; rows: number }, color = false) {
  const can = { replace: false, scan: false };
  const state = initial({ title: 'last scan', can, owner: '', history: () => [], report: of, size });
  const loop = new AuditLoop(state, ports, { copy: () => {}, quit: () => {} });
  return { loop, ...render(<App loop={loop} color={color} />) };
}

describe('the screen', () => {
  it.each([
    { columns: 60, rows: 20 },
    { columns: 250, rows: 80 },
  ])('of $columns x $rows is never larger than that, and keys are heard', async (size) => {
    const { lastFrame, stdin, loop } = shown(small(), size);
    const lines = () => (lastFrame() ?? '').split('\n');
    expect(lines().length).toBeLessThanOrEqual(size.rows);
    // ink-testing-library's own terminal is 100 wide: what is wider is cut there.
    for (const line of lines()) expect(stringWidth(line)).toBeLessThanOrEqual(size.columns);
    expect(lines().join('\n')).toContain('web-1');
    await delay(20);
    for (const key of ['j', 'k', '\r']) stdin.write(key);
    await delay(50);
    expect(loop.state().screens.at(-1)).toMatchObject({ view: 'instance', instance: 'web-1' });
    expect(lastFrame()).toContain('/etc/sshd');
  });

  it('shows a hostile name, and sends nothing of it to the terminal', async () => {
    const bad = drifted(hostile, [finding('x', { subject: hostile, reason: hostile, diff: `+${hostile}` })]);
    const { frames, stdin } = shown(report([bad]), { columns: 80, rows: 24 });
    await delay(20);
    stdin.write('\r');
    await delay(20);
    stdin.write('\r');
    await delay(50);
    expect(frames.at(-1)).toContain('\\x1b[2J');
    for (const frame of frames) {
      const plain = frame.replace(/\u001b\[[0-9;]*m/g, '');
      expect(plain).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2066]/);
    }
  });

  it('fast typing that comes at once is as many keys, and several at once are not lost', async () => {
    const { loop, stdin } = shown(small(), { columns: 80, rows: 24 });
    await delay(20);
    stdin.write('/db-1');
    await delay(50);
    expect(loop.state().prompt).toMatchObject({ kind: 'filter', text: 'db-1' });
  });

  it('escape and a key at once are both heard', async () => {
    const { loop, stdin } = shown(small(), { columns: 80, rows: 24 });
    await delay(20);
    stdin.write('\r');
    await expect.poll(() => loop.state().screens.length).toBe(2);
    stdin.write('\u001b/');
    await expect.poll(() => loop.state().prompt).toMatchObject({ kind: 'filter' });
    expect(loop.state().screens).toHaveLength(1);
  });

  it('control keys among fast typing are keys', async () => {
    const { loop, stdin } = shown(small(), { columns: 80, rows: 24 });
    await delay(20);
    stdin.write('/db\u0015web\u007f\r');
    await expect.poll(() => loop.state().screens[0]?.filter).toBe('we');
    expect(loop.state().prompt).toBeUndefined();
  });
});
