import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json } from '../../src/report/json/render.ts';
import { cases } from '../report/reports.ts';
import { build, Desk } from './run.ts';

const desk = new Desk();
const report = cases['odd'];
if (!report) throw new Error('no report');
const text = [...json.render(report, { color: false, all: false })].join('');
const file = (name: string) => join(desk.path, name);
const read = (name: string) => readFileSync(file(name), 'utf8');

beforeAll(() => {
  build();
  writeFileSync(file('odd.json'), text);
}, 120_000);
afterAll(() => desk.remove());

describe('snowfence report', () => {
  it('renders a file in several formats, one of them to standard output', async () => {
    const { code, stdout, stderr } = await desk.run(
      ...['report', 'odd.json', '--format', 'markdown', '--format', 'html=odd.html', '--format', 'sarif=odd.sarif'],
      ...['--format', 'json=again.json'],
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(readFileSync(new URL('../../fixtures/report/odd.markdown', import.meta.url), 'utf8'));
    expect(read('odd.html')).toBe(readFileSync(new URL('../../fixtures/report/odd.html', import.meta.url), 'utf8'));
    expect(JSON.parse(read('odd.sarif')).version).toBe('2.1.0');
    expect(read('again.json')).toBe(text);
    // Nothing of how they were written is left.
    expect(readdirSync(desk.path).filter((name) => name.startsWith('.odd') || name.startsWith('.again'))).toEqual([]);
  });

  it('reads standard input, and --output is for the format without a file', async () => {
    const { code, stdout, stderr } = await desk.shell(
      'snowfence report - --format csv --output findings.csv --format junit=junit.xml <odd.json',
    );
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(read('findings.csv')).toMatch(/^record,scan,/);
    expect(read('junit.xml')).toMatch(/^<\?xml/);
  });

  it('keeps the mode of what stood there, and writes where a link points to', async () => {
    writeFileSync(file('secret.txt'), 'old', { mode: 0o600 });
    symlinkSync('secret.txt', file('link.txt'));
    expect((await desk.run('report', 'odd.json', '--format', 'text=link.txt')).code).toBe(0);
    expect(read('secret.txt')).toContain('web');
    expect(statSync(file('secret.txt')).mode & 0o777).toBe(0o600);
  });

  it('writes to what is no file as it is', async () => {
    const { code, stdout } = await desk.shell(
      'snowfence report odd.json --format json=/dev/stdout | cat; test -c /dev/null',
    );
    expect([code, stdout]).toEqual([0, text]);
  });

  it('keeps what others write to the same standard output or error', async () => {
    await desk.shell('echo before >log; { snowfence report odd.json --format json=/dev/stdout; echo after; } >>log');
    expect(read('log')).toBe(`before\n${text}after\n`);
    await desk.shell('{ echo before >&2; snowfence report odd.json --format json=/dev/fd/2; echo after >&2; } 2>log');
    expect(read('log')).toBe(`before\n${text}after\n`);
  });

  it('waits for the reader of a named pipe, and can be interrupted meanwhile', async () => {
    const read = await desk.shell(
      'mkfifo pipe; (sleep 0.5; cat pipe) & snowfence report odd.json --format json=pipe; wait',
    );
    expect([read.code, read.stdout]).toEqual([0, text]);
    const stopped = await desk.shell(
      'mkfifo unread; set -m; snowfence report odd.json --format json=unread --format csv & sleep 2; kill -INT -$!; wait $!',
    );
    expect(stopped.stderr).toContain('nobody reads this pipe');
    expect(stopped.stdout).toMatch(/^record,/);
  });

  it.each<[string, string[], RegExp]>([
    ['an unknown format', ['--format', 'srif'], /srif is not a format[\s\S]*did you mean "sarif"[\s\S]*text, json/],
    ['two for standard output', ['--format', 'json', '--format', 'csv'], /cannot both go to standard output/],
    ['two for one file', ['--format', 'json=a', '--format', 'csv=./a'], /two formats cannot both go to/],
    ['--output and a file', ['--format', 'json=a', '--output', 'a2'], /--output a2 is for the format that has no file/],
    ['two for --output', ['--format', 'json', '--format', 'csv', '--output', 'a'], /cannot both go to --output a/],
    ['no file', ['--format', 'json='], /names no file/],
    ['a directory that is not there', ['--format', 'json=no/where.json'], /there is no directory/],
    ['a directory', ['--format', 'json=dir'], /it is a directory/],
    ['a format of the other report', ['--report', 'compliance', '--format', 'sarif'], /one of --report findings/],
  ])('%s is exit 2 and says what is allowed', async (_, args, says) => {
    mkdirSync(file('dir'), { recursive: true });
    const { code, stdout, stderr } = await desk.run('report', 'odd.json', ...args);
    expect(stderr).toMatch(says);
    expect([code, stdout]).toEqual([2, '']);
    expect(existsSync(file('a'))).toBe(false);
  });

  it('that cannot be written costs no other', async () => {
    const { code, stderr } = await desk.run(
      'report',
      'odd.json',
      '--format',
      'csv=/dev/full',
      '--format',
      'json=saved.json',
    );
    expect([code, stderr]).toEqual([2, expect.stringMatching(/cannot write \/dev\/full: ENOSPC/)]);
    expect(read('saved.json')).toBe(text);
  });

  it('is written even where nobody reads standard output to its end', async () => {
    const { code } = await desk.shell(
      'set -o pipefail; snowfence report odd.json --format ndjson --format json=unread.json | true',
    );
    expect(code).toBe(0);
    expect(read('unread.json')).toBe(text);
  });

  it('what is no report, or half of one, is exit 2', async () => {
    writeFileSync(file('half.json'), text.slice(0, 500));
    writeFileSync(file('other.json'), JSON.stringify({ ...report, instances: [{ id: 1 }] }));
    expect((await desk.run('report', 'half.json')).stderr).toMatch(/cannot read the report half\.json/);
    const { code, stderr } = await desk.run('report', 'other.json');
    expect(stderr).toMatch(/other\.json is no whole report: \/instances\/0/);
    expect(code).toBe(2);
    for (const command of [
      ['policy', 'learn'],
      ['waiver', 'add', 'sf-1', '--owner', 'a', '--reason', 'b', '--expires', '1d'],
    ]) {
      const ended = await desk.run(...command, '--report', 'other.json');
      expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('other.json is no whole report')]);
    }
    expect((await desk.run('report', 'last~9')).stderr).toMatch(/no scan "last~9" is remembered/);
  });
});

it('snowfence audit compares files whose names begin like the last scan', async () => {
  writeFileSync(file('last-week.json'), text);
  const { code, stdout, stderr } = await desk.run('audit', '--plain', '--compare', 'last-week.json', 'odd.json');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/findings before|db-1/);
});

describe('snowfence scan', () => {
  it('writes several formats at once, all of one scan, and report gives them again', async () => {
    desk.write('image/etc/os-release', 'ID=debian\n');
    desk.write('image/etc/app.conf', 'workers = 4\n');
    await desk.run('manifest', 'create', `rootfs:${file('image')}`, '--image', 'web:42', '-o', 'web.manifest');
    desk.write('image/etc/app.conf', 'workers = 8\n');
    const scan = [
      'scan',
      `rootfs:${file('image')}`,
      '--manifest',
      'web.manifest',
      '--format',
      'json=scan.json',
      '--format',
    ];
    const { code, stdout } = await desk.run(...scan, 'csv', '--format', 'html=scan.html');
    expect(code).toBe(1);
    expect(stdout).toContain('/etc/app.conf');
    const { id } = (JSON.parse(read('scan.json')) as { scan: { id: string } }).scan;
    expect(read('scan.html')).toContain(id);
    expect((await desk.run('report', '--format', 'json')).stdout).toBe(read('scan.json'));
    expect((await desk.run('history', 'show', id.slice(0, 8), '--format', 'json=shown.json')).stdout).toBe('');
    expect(read('shown.json')).toBe(read('scan.json'));
    // A second scan has a history to draw.
    await desk.run(...scan, 'html=second.html');
    expect(read('second.html')).toContain('<svg class="chart"');
    // Whoever reads only the beginning must not make it clean.
    const cut = await desk.shell(`set -o pipefail; snowfence ${scan.join(' ')} csv=cut.csv --format text | true`);
    expect(cut.code).toBe(1);
    expect(read('cut.csv')).toContain('/etc/app.conf');
  });

  it('gives its results though the store refuses to remember them', async () => {
    const db = new Database(join(desk.path, 'store', 'snowfence.db'));
    db.exec(`CREATE TRIGGER refuse BEFORE INSERT ON scans BEGIN SELECT RAISE(ABORT, 'not today'); END`);
    const scan = ['scan', `rootfs:${file('image')}`, '--manifest', 'web.manifest', '--format', 'json=kept.json'];
    const { code, stderr } = await desk.run(...scan);
    db.exec('DROP TRIGGER refuse');
    db.close();
    expect(code).toBeGreaterThan(1);
    expect(stderr).toContain('not today');
    expect(read('kept.json')).toContain('/etc/app.conf');
  });

  it('lists the packages that it read, which a report no longer knows', async () => {
    desk.write(
      'image/var/lib/dpkg/status',
      'Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.15-1\n\n',
    );
    const { code } = await desk.run(
      'scan',
      `rootfs:${file('image')}`,
      '--manifest',
      'web.manifest',
      '--format',
      'cyclonedx=bom.json',
    );
    expect(code).toBe(1);
    const bom = JSON.parse(read('bom.json')) as { components: { components: { purl: string }[] }[] };
    expect(bom.components[0]?.components.map(({ purl }) => purl)).toEqual(['pkg:deb/debian/openssl@3.0.15-1']);
    const again = await desk.run('report', '--format', 'cyclonedx');
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/let a scan write it/)]);
  });

  it('with a format that does not exist contacts nobody', async () => {
    const { code, stderr } = await desk.run('scan', 'ssh://127.0.0.1:1', '--format', 'xml');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/text, json, ndjson/)]);
  });
});
