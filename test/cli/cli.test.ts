import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../../src/core/report.ts';
import { reportSchema } from '../../src/schema/report.ts';
import { compileSchema } from '../../src/schema/validate.ts';
import { build, Desk } from './run.ts';

let desk: Desk;
beforeAll(build, 120_000);
beforeAll(() => {
  desk = new Desk();
});
afterAll(() => desk.remove());

/** A port that nobody listens on. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 1;
}

/** Nothing of the inside of the program is shown to a person. */
function isForPeople(stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at .*\(|node:internal|this is a bug/m);
}

describe('usage', () => {
  it('--help names the commands, gives examples and the exit codes', async () => {
    const { code, stdout, stderr } = await desk.run('--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const word of ['scan', 'manifest', 'history', 'policy', 'inventory', 'probe', 'schema', 'demo'])
      expect(stdout).toMatch(new RegExp(`^  ${word}`, 'm'));
    expect(stdout).toMatch(/Examples:\n {2}snowfence /);
    expect(stdout).toContain('Exit codes: 0 all read, nothing found');
  });

  it.each([['scan'], ['manifest', 'create'], ['history', 'diff']])(
    '%s %s --help has an example',
    async (...command) => {
      const { code, stdout } = await desk.run(...command.filter(Boolean), '--help');
      expect(code).toBe(0);
      expect(stdout).toContain(`snowfence ${command.filter(Boolean).join(' ')} `);
    },
  );

  it('a mistyped command is exit 2 and is told the right one', async () => {
    const { code, stdout, stderr } = await desk.run('scna');
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/unknown command 'scna'[\s\S]*Did you mean scan\?/);
  });

  it.each([
    [['scan', '--formt', 'json', 'local:'], /unknown option '--formt'[\s\S]*--format/],
    [['scan', '--format', 'xml', 'local:'], /text, json, ndjson/],
    [['scan', '--fail-on', 'grave', 'local:'], /info, low, medium, high, critical/],
    [['scan', '--concurrency', 'many', 'local:'], /--concurrency is "many"[\s\S]*number from 1 to/],
    [['scan'], /nobody to scan[\s\S]*--inventory FILE/],
    [['scan', 'ftp://host'], /unknown kind of instance "ftp"[\s\S]*ssh:\/\//],
    [['scan', 'web-1', 'web-1'], /named twice/],
    [['history', 'show', 'nothing'], /no scan "nothing"[\s\S]*history list/],
    [['manifest', 'show', 'nothing'], /neither a file nor a manifest in the store/],
  ])('snowfence %j is exit 2 and says what to write', async (args, said) => {
    const { code, stdout, stderr } = await desk.run(...args);
    expect(stderr).toMatch(said);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    isForPeople(stderr);
  });

  it('a bad fleet file is exit 2 and names file, line and column of each mistake', async () => {
    const path = desk.write('fleet.yaml', 'schema: snowfence.fleet/v1\nhosts:\n  - addres: web-1\n');
    const { code, stderr } = await desk.run('scan', '--inventory', path);
    expect(code).toBe(2);
    expect(stderr).toMatch(/fleet\.yaml:3:\d+: .*addres/);
    isForPeople(stderr);
    const broken = desk.write('broken.yaml', 'hosts: [a\nb: }\n');
    const second = await desk.run('scan', '--inventory', broken);
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(/broken\.yaml:\d+:\d+: /);
    expect((await desk.run('scan', '--inventory', 'missing.yaml')).stderr).toMatch(
      /cannot read the fleet file missing\.yaml/,
    );
  });
});

describe('reaching', () => {
  it('an unknown manifest is exit 2 before anybody is contacted', async () => {
    let contacts = 0;
    const server = createServer((socket) => {
      contacts++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      const host = `ssh://root@127.0.0.1:${port}`;
      for (const flags of [
        ['--manifest', 'missing.manifest'],
        ['--image', 'web:unknown'],
      ]) {
        const { code, stderr } = await desk.run('scan', host, ...flags);
        expect(code).toBe(2);
        expect(stderr).toMatch(/manifest/);
        isForPeople(stderr);
      }
      expect(contacts).toBe(0);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('a dead host is exit 3 and "unreachable", and stops nobody else', async () => {
    const host = `ssh://root@127.0.0.1:${await deadPort()}`;
    const { code, stdout, stderr } = await desk.run('scan', host, '--no-store', '--connect-timeout', '5');
    expect(stdout).toMatch(/unreachable/);
    expect(stdout).toMatch(/1 instance: 1 unreachable/);
    expect(code).toBe(3);
    isForPeople(stderr);
  });
});

describe('a scan of a directory', () => {
  let image: string;
  beforeEach(() => {
    image = join(desk.path, 'image');
    rmSync(image, { recursive: true, force: true });
    desk.write('image/etc/app.conf', 'workers = 4\n');
    desk.write('image/etc/os-release', 'ID=debian\nPRETTY_NAME="Debian 13"\n');
    chmodSync(desk.write('image/usr/bin/tool', '#!/bin/sh\n'), 0o755);
  });
  const create = (name = 'web.manifest') =>
    desk.run('manifest', 'create', `rootfs:${image}`, '--image', 'web:42', '-o', name);

  it('as its manifest is clean, after a change is exit 1, and history remembers both', async () => {
    expect((await create()).code).toBe(0);
    const clean = await desk.run('scan', `rootfs:${image}`, '--manifest', 'web.manifest');
    expect(clean.stdout).toMatch(/^clean {2}rootfs:/);
    expect(clean.stdout).toMatch(/1 instance: 1 clean\nfindings: none/);
    expect(clean.code).toBe(0);

    desk.write('image/etc/app.conf', 'workers = 8\npassword = hunter2\n');
    desk.write('image/usr/bin/\x1b[31mevil', 'x');
    const changed = await desk.run('scan', `rootfs:${image}`, '--manifest', 'web.manifest', '--format', 'json');
    expect(changed.code).toBe(1);
    const report = JSON.parse(changed.stdout) as Report;
    expect((await compileSchema(reportSchema))(report)).toEqual([]);
    const [instance] = report.instances;
    expect(instance?.verdict).toBe('snowflake');
    expect(instance?.recommendation.action).toBe('replace');
    expect(instance?.findings.map((f) => `${f.change} ${f.subject}`)).toEqual(
      expect.arrayContaining(['changed /etc/app.conf', 'added /usr/bin/\\x1b[31mevil']),
    );
    const diff = instance?.findings.find((f) => f.subject === '/etc/app.conf')?.diff ?? '';
    expect(diff).toMatch(/^-workers = 4\n\+workers = 8$/m);
    expect(changed.stdout).not.toContain('hunter2');

    const high = await desk.run(
      'scan',
      `rootfs:${image}`,
      '--manifest',
      'web.manifest',
      '--fail-on',
      'critical',
      '--no-store',
    );
    expect(high.code).toBe(0);
    expect(high.stdout).not.toContain('\x1b');

    const list = await desk.run('history', 'list');
    expect(list.stdout.trim().split('\n')).toHaveLength(2);
    expect(list.code).toBe(0);
    const shown = await desk.run('history', 'show', 'last', '--format', 'json');
    expect(JSON.parse(shown.stdout)).toEqual(report);
    const came = await desk.run('history', 'diff', 'last~1', 'last');
    expect(came.code).toBe(1);
    expect(came.stdout).toMatch(/^new {7}rootfs:.* file \/etc\/app\.conf changed$/m);
    const went = await desk.run('history', 'diff', 'last', 'last~1');
    expect(went.stdout).toMatch(/^resolved {2}/m);
    expect(went.code).toBe(0);
  });

  it('no manifest known is exit 3 and says how to make one', async () => {
    const { code, stdout } = await desk.run('scan', `rootfs:${image}`, '--no-store');
    expect(stdout).toMatch(/unknown-image[\s\S]*snowfence manifest create/);
    expect(code).toBe(3);
  });

  it('ndjson is one object a line, and --output writes what would be shown', async () => {
    await create();
    const { code, stdout } = await desk.run(
      'scan',
      `rootfs:${image}`,
      '--manifest',
      'web.manifest',
      '--no-store',
      '--format',
      'ndjson',
      '--output',
      'out.ndjson',
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const types = readFileSync(join(desk.path, 'out.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types[0]).toBe('scan');
    expect(types.at(-1)).toBe('summary');
  });

  it('of an unwritable result is exit 2 with a reason', async () => {
    await create();
    const { code, stderr } = await desk.run(
      'scan',
      `rootfs:${image}`,
      '--manifest',
      'web.manifest',
      '--no-store',
      '--output',
      'no/such/directory/x',
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot write no\/such\/directory\/x/);
    isForPeople(stderr);
  });

  it('a manifest made twice has the same digest, and another after a change', async () => {
    const first = await create('a.manifest');
    const second = await create('b.manifest');
    expect(first.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(second.stdout).toBe(first.stdout);
    const same = await desk.run('manifest', 'diff', 'a.manifest', 'b.manifest');
    expect(same).toEqual({ code: 0, stdout: '', stderr: '' });
    desk.write('image/etc/new.conf', 'x');
    expect((await create('c.manifest')).stdout).not.toBe(first.stdout);
    const other = await desk.run('manifest', 'diff', 'a.manifest', 'c.manifest');
    expect(other.code).toBe(1);
    expect(other.stdout).toBe('+ files    /etc/new.conf\n');
  });

  it('a manifest that cannot be written is exit 2 with a reason', async () => {
    const { code, stderr } = await create('no/such/directory/x.manifest');
    isForPeople(stderr);
    expect(code).toBe(2);
    expect(stderr).toMatch(/no\/such\/directory/);
  });

  it('a damaged manifest is refused, wherever the damage is', async () => {
    await create('whole.manifest');
    const whole = readFileSync(join(desk.path, 'whole.manifest'));
    for (const share of [0.05, 0.3, 0.6, 0.95]) {
      const bytes = Buffer.from(whole);
      const at = Math.floor(bytes.length * share);
      bytes[at] = (bytes[at] ?? 0) ^ 0x41;
      desk.write('damaged.manifest', bytes);
      const { code, stdout, stderr } = await desk.run(
        'scan',
        `rootfs:${image}`,
        '--no-store',
        '--manifest',
        'damaged.manifest',
      );
      expect(code, `damaged at ${share}: ${stderr}`).toBe(2);
      expect(stderr).toContain('damaged.manifest');
      expect(stdout).toBe('');
      isForPeople(stderr);
    }
    desk.write('cut.manifest', whole.subarray(0, whole.length - 10));
    expect((await desk.run('manifest', 'show', 'cut.manifest')).code).toBe(2);
  });

  it('into a pipe whose reader has seen enough does not crash', async () => {
    for (let i = 0; i < 400; i++) desk.write(`image/usr/share/many/file-${i}-${'x'.repeat(150)}`, 'x');
    await create('many.manifest');
    const { stdout, stderr } = await desk.shell('snowfence manifest show many.manifest --files | head -n 1');
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('');
    const schema = await desk.shell('snowfence schema report | head -c 1 >/dev/null; echo "$' + '{PIPESTATUS[0]}"');
    expect(schema.stderr).toBe('');
    expect(schema.stdout).toBe('0\n');
  });
});
