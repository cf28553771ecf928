import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { lstat, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2, { type ClientChannel } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type DemoFleet, startDemoFleet } from '../../src/demo/fleet.ts';
import { makeKey } from '../../src/demo/keys.ts';
import type { FleetFile } from '../../src/schema/fleet.ts';
import { fixture, trueDatabase } from './md5sums.ts';

const command = "exec /bin/sh -s -- '/' live 1700000000";
let fleet: DemoFleet;
let ports: Map<string, number>;
const lines: string[] = [];

beforeAll(async () => {
  fleet = await startDemoFleet((line) => lines.push(line));
  const inventory = parse(await readFile(fleet.fleetFile, 'utf8')) as FleetFile;
  const hosts = inventory.groups?.['web']?.hosts ?? [];
  ports = new Map(hosts.flatMap((host) => (typeof host === 'string' ? [] : [[host.name ?? '', host.port ?? 0]])));
});
afterAll(() => fleet?.stop());

/** Logs in to an instance. */
async function login(name: string, options: { username?: string; privateKey?: string } = {}): Promise<ssh2.Client> {
  const client = new ssh2.Client();
  const privateKey = options.privateKey ?? (await readFile(fleet.keyFile, 'utf8'));
  const ready = once(client, 'ready');
  client.connect({ host: '127.0.0.1', port: ports.get(name) ?? 0, username: 'demo', ...options, privateKey });
  await ready;
  // A server that stops resets what is still closing.
  client.on('error', () => {});
  return client;
}

interface Said {
  code: number | null;
  out: string;
}

function execute(client: ssh2.Client, line: string, program: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    client.exec(line, (error: Error | undefined, channel: ClientChannel) => {
      if (error) return reject(error);
      const out: Buffer[] = [];
      let code: number | null = null;
      channel.on('data', (bytes: Buffer) => out.push(bytes));
      channel.on('exit', (status: number | null) => {
        code = status;
      });
      channel.on('close', () => resolve({ code, out: Buffer.concat(out).toString('latin1') }));
      channel.end(program);
    });
  });
}

async function ask(name: string, program: string): Promise<Said> {
  const client = await login(name);
  try {
    return await execute(client, command, program);
  } finally {
    client.end();
  }
}

/** Running executables below the fleet's directory. */
function running(dir: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const exe = readlinkSync(`/proc/${pid}/exe`);
        return exe.startsWith(`${dir}/`) ? [exe.slice(dir.length + 1)] : [];
      } catch {
        return [];
      }
    })
    .sort();
}

const walkAll = 'cd "$1" && find . ! -path "./tmp/*" -printf "%p %y %m %s %l %T@\\n" | sort';

describe('the image of the demo', () => {
  it('has a package database that tells the truth about its files', async () => {
    for (const [path, content] of await trueDatabase(fixture)) {
      expect(await readFile(join(fixture, path), 'utf8'), path).toBe(content);
    }
  });

  it('tells the truth once built, too', async () => {
    for (const root of ['image', 'web-1', 'web-3']) {
      for (const [path, content] of await trueDatabase(join(fleet.dir, root))) {
        const said = await readFile(join(fleet.dir, root, path), 'utf8');
        expect(said.split('\n').sort(), `${root}/${path}`).toEqual(content.split('\n').sort());
      }
    }
  });

  it('is a day old and names itself', async () => {
    const { mtimeMs } = await stat(join(fleet.imageDir, 'usr/bin/openssl'));
    expect(Date.now() - mtimeMs).toBeGreaterThan(86_000_000);
    expect(await readFile(join(fleet.imageDir, 'etc/os-release'), 'utf8')).toContain('IMAGE_ID=demo-web\n');
  });
});

describe('the fleet of the demo', () => {
  it('lies where nobody else may look, with keys as ssh wants them', async () => {
    expect((await stat(fleet.dir)).mode & 0o777).toBe(0o700);
    expect((await stat(fleet.keyFile)).mode & 0o777).toBe(0o600);
    expect([...ports.keys()]).toEqual(['web-1', 'web-2', 'web-3', 'web-4', 'web-5']);
    expect(fleet.story.map(({ done }) => done.length)).toEqual([0, 0, 1, 2, 3]);
    expect(lines.length).toBeGreaterThan(0);
  });

  it('shows each server its own tree', async () => {
    expect(await ask('web-2', 'printf "%s|" "$#" "$@"; exit 7')).toEqual({
      code: 7,
      out: `3|${join(fleet.dir, 'web-2')}|live|1700000000|`,
    });
  });

  it('leaves untouched servers as the image is, in names, modes, sizes, links and times', async () => {
    const [one, two, three] = await Promise.all(['web-1', 'web-2', 'web-3'].map((name) => ask(name, walkAll)));
    expect(one?.out.split('\n').length).toBeGreaterThan(60);
    expect(two?.out).toBe(one?.out);
    expect(three?.out).not.toBe(one?.out);
  });

  it('brings back much output to a slow reader', async () => {
    const client = await login('web-1');
    const { out, code } = await execute(client, command, 'head -c 9000000 /dev/zero; exit 3');
    client.end();
    expect([out.length, code]).toEqual([9_000_000, 3]);
  });

  it('tampers with a program without a trace in size and time', async () => {
    const [image, live] = ['image', 'web-4'].map((name) => join(fleet.dir, name, 'usr/bin/snow-report'));
    const [before, after] = [await lstat(image ?? ''), await lstat(live ?? '')];
    expect([after.size, after.mtimeMs, after.mode]).toEqual([before.size, before.mtimeMs, before.mode]);
    const digest = async (path = '') =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
    expect(await digest(live)).not.toBe(await digest(image));
  });

  it('runs the workers and one stranger', () => {
    const workers = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5'].map((name) => `${name}/usr/sbin/snow-web-worker`);
    expect(running(fleet.dir)).toEqual([...workers, 'web-5/tmp/.x/kworker'].sort());
  });

  it('refuses every other command, and shells, files and forwardings', async () => {
    const client = await login('web-1');
    for (const line of ['id', `${command}; id`, `${command}\n`, "exec /bin/sh -s -- '/etc' live 0", '']) {
      await expect(execute(client, line, 'echo in'), line).rejects.toThrow();
    }
    const refused = (start: (done: (error?: Error) => void) => void): Promise<Error | undefined> => new Promise(start);
    expect(await refused((done) => client.shell(done))).toBeInstanceOf(Error);
    expect(await refused((done) => client.sftp(done))).toBeInstanceOf(Error);
    expect(await refused((done) => client.forwardOut('', 0, '127.0.0.1', 22, done))).toBeInstanceOf(Error);
    client.end();
  });

  it('refuses other keys, other users and passwords', async () => {
    const other = makeKey().private;
    await expect(login('web-1', { privateKey: other })).rejects.toThrow(/authentication/);
    await expect(login('web-1', { username: 'root' })).rejects.toThrow(/authentication/);
  });

  it('leaves nothing behind', async () => {
    const client = await login('web-1');
    const busy = execute(client, command, 'sleep 600').catch(() => undefined);
    await ask('web-2', 'exit 0');
    await fleet.stop();
    await fleet.stop();
    await busy;
    expect(existsSync(fleet.dir)).toBe(false);
    expect(running(fleet.dir)).toEqual([]);
    await expect(login('web-1').catch(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  });
});
