import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build, Desk, launcher } from '../cli/run.ts';
import { must } from './exec.ts';
import { describeLab } from './require.ts';
import { Terminal } from './tmux.ts';

describeLab('on a real terminal', () => {
  const desk = new Desk();
  let env: Record<string, string>;
  beforeAll(async () => {
    build();
    for (const root of ['image', 'one']) {
      mkdirSync(join(desk.path, root, 'etc'), { recursive: true });
      writeFileSync(join(desk.path, root, 'etc/motd'), 'welcome\n');
    }
    const program = desk.write('bin/snowfence', `#!/bin/sh\nexec '${process.execPath}' '${launcher}' "$@"\n`);
    await must('chmod', ['755', program]);
    env = { ...(desk.env as Record<string, string>), PATH: `${desk.path}/bin:${process.env['PATH']}` };
  });
  afterAll(() => desk.remove());

  async function open(): Promise<Terminal> {
    const terminal = await Terminal.open(130, 60, env);
    await terminal.type(`cd ${desk.path} && clear`);
    await terminal.keys('Enter');
    return terminal;
  }

  async function answer(terminal: Terminal, question: string, text: string): Promise<void> {
    await terminal.until(new RegExp(`${question}[^\\n]*: $`.replace(' $', '\\s*$')));
    await terminal.type(text);
    await terminal.keys('Enter');
  }

  it('init asks, explains what cannot be, and goes the first steps', async () => {
    await using terminal = await open();
    await terminal.type('snowfence init asked; echo ended:$?');
    await terminal.keys('Enter');
    await answer(terminal, 'Servers', 'gopher://x');
    await terminal.until('unknown kind of instance "gopher"');
    await answer(terminal, 'Servers', `rootfs:${desk.path}/one`);
    await answer(terminal, 'Name of their group', 'web');
    await answer(terminal, 'Log in as', '');
    await answer(terminal, 'Use sudo', '');
    await answer(terminal, 'Image that', 'web:42');
    await answer(terminal, 'Read that image', `rootfs:${desk.path}/image`);
    await answer(terminal, 'Directory for reports', '');
    await answer(terminal, 'Scan by itself', 'nightly');
    await answer(terminal, 'Tell whom', 'file=told.ndjson');
    await answer(terminal, 'scan now', '');
    const screen = await terminal.until(/ended:\d+/);
    expect(screen).toMatch(/> snowfence scan --inventory asked\/fleet\.yaml/);
    expect(screen).toContain('Next:');
    const report = JSON.parse(readFileSync(join(desk.path, 'asked/reports/last.json'), 'utf8'));
    expect(report.instances).toMatchObject([{ group: 'web', image: { ref: 'web:42' }, verdict: 'clean' }]);
  });

  it.each(['C-c', 'C-d'])('%s leaves nothing half-written', async (key) => {
    await using terminal = await open();
    await terminal.type('snowfence init "left" --host web-1; echo ended:$?');
    await terminal.keys('Enter');
    await answer(terminal, 'Name of their group', 'web');
    await answer(terminal, 'Log in as', 'root');
    await terminal.until('Use sudo');
    await terminal.keys(key);
    const screen = await terminal.until(/ended:\d+/);
    expect(screen).toContain('init was ended; nothing was written');
    expect(screen).toContain('ended:130');
    expect(existsSync(join(desk.path, 'left'))).toBe(false);
  });

  it('bash completes what a person types', async () => {
    await using terminal = await open();
    await terminal.type('source <(snowfence completion bash); clear');
    await terminal.keys('Enter');
    desk.write('my fleet.yaml', 'hosts: [web-1, db-1]\n');
    const lines: [string, string][] = [
      ['snowfence mani', 'snowfence manifest '],
      ['snowfence manifest cr', 'snowfence manifest create '],
      ['snowfence scan --dept', 'snowfence scan --depth '],
      ['snowfence scan --format=sar', 'snowfence scan --format=sarif '],
      ['snowfence scan --inventory my', 'snowfence scan --inventory my\\ fleet.yaml '],
      [
        'snowfence replace plan --inventory my\\ fleet.yaml --only d',
        'snowfence replace plan --inventory my\\ fleet.yaml --only db-1 ',
      ],
      ['snowfence manifest create rootfs:im', 'snowfence manifest create rootfs:image/'],
    ];
    for (const [typed, completed] of lines) {
      await terminal.type(typed);
      await terminal.keys('Tab');
      await terminal.type('|');
      await terminal.until(`$ ${completed}|`);
      await terminal.keys('C-u');
    }
  });
}, ['tmux']);
