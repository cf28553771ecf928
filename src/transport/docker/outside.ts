import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Process table of the kernel; a parameter for tests. */
const PROC = '/proc';
/** Entries of /proc/self/auxv: getauxval(3), AT_PAGESZ and AT_CLKTCK. */
const [AT_PAGESZ, AT_CLKTCK] = [6n, 17n];

/**
 * What runs in a container as this machine's kernel shows it, as the records of the probes `processes` and `sockets`, so
 * that their parsers read both. Undefined unless the container runs on this machine and we may look into it: the
 * daemon behind a socket may live elsewhere, where the same process ids mean something else.
 */
export async function seenFromOutside(
  container: { id: string; pid: number },
  signal: AbortSignal,
  proc = PROC,
): Promise<{ processes: Buffer; sockets: Buffer } | undefined> {
  const first = `${proc}/${container.pid}`;
  if (container.pid < 1 || !(await read(`${first}/cgroup`))?.includes(container.id)) return undefined;
  const mounts = await link(`${first}/ns/mnt`);
  if (!mounts || !(await link(`${first}/exe`))) return undefined;
  const pids: number[] = [];
  for (const name of await readdir(proc)) {
    if (/^\d+$/.test(name) && (await link(`${proc}/${name}/ns/mnt`)) === mounts) pids.push(Number(name));
  }
  pids.sort((a, b) => a - b);
  return {
    processes: records(await processRecords(proc, pids, mounts, signal)),
    sockets: records(await socketRecords(proc, pids, first)),
  };
}

async function processRecords(proc: string, pids: number[], mounts: string, signal: AbortSignal): Promise<string[]> {
  const { hz, page } = constants(await readFile(`${proc}/self/auxv`).catch(() => Buffer.alloc(0)));
  const boot = /^btime (\d+)/m.exec((await read(`${proc}/stat`)) ?? '')?.[1] ?? '';
  const said: string[] = [`hz ${hz}`, `page ${page}`, `boot ${boot}`, `asked ${pids.length}`, `own-mnt ${mounts}`];
  const all = async (heading: string, file: string, values: (path: string) => Promise<string[]>): Promise<void> => {
    said.push(heading);
    for (const pid of pids) {
      for (const value of await values(`${proc}/${pid}/${file}`)) said.push(`/proc/${pid}/${file}:${value}`);
    }
  };
  const one = (value: string | undefined): string[] => (value === undefined ? [] : [value]);
  await all('stat', 'stat', async (path) => one(await read(path)));
  await all('cmdline', 'cmdline', async (path) => ((await read(path)) ?? '').split('\0').slice(0, -1));
  await all('status', 'status', async (path) => one(/^Uid:.*$/m.exec((await read(path)) ?? '')?.[0]));
  await all('exe', 'exe', async (path) => one(await link(path)));
  await all('id', 'exe', async (path) => one(await identity(path)));
  await all('root', 'root', async (path) => one(await identity(path)));
  await all('mnt', 'ns/mnt', async (path) => one(await link(path)));
  await all('alive', 'alive', async (path) => ((await identity(path.replace(/\/alive$/, ''))) ? [''] : []));
  const hashes = new Map<string, string>();
  for (const pid of pids) {
    const path = `${proc}/${pid}/exe`;
    const id = await identity(path);
    const sha256 = id && !hashes.has(id) ? await digest(path, signal) : undefined;
    if (id && sha256) hashes.set(id, `${sha256} */proc/${pid}/exe`);
  }
  return [...said, 'hash', [...hashes.values()].join('\n')];
}

async function socketRecords(proc: string, pids: number[], first: string): Promise<string[]> {
  const said: string[] = [];
  for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
    const content = await read(`${first}/net/${table}`);
    if (content !== undefined) said.push(`${table} ${content}`);
  }
  said.push('holders');
  for (const pid of pids) {
    for (const fd of await readdir(`${proc}/${pid}/fd`).catch(() => [])) {
      const target = await link(`${proc}/${pid}/fd/${fd}`);
      if (target?.startsWith('socket:')) said.push(`/proc/${pid}/fd/${fd}:${target}`);
    }
  }
  return said;
}

function records(list: string[]): Buffer {
  return Buffer.from(list.map((record) => `${record}\0`).join(''), 'latin1');
}

/** Of a process that ended meanwhile, or that we may not look into: undefined. */
async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'latin1').catch(() => undefined);
}

async function link(path: string): Promise<string | undefined> {
  const target = await readlink(path, 'buffer').catch(() => undefined);
  return target?.toString('latin1');
}

async function identity(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
}

async function digest(path: string, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash, { signal });
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

/** Clock ticks a second and bytes a page, as the kernel tells every process; 64-bit little endian pairs. */
function constants(auxv: Buffer): { hz: number; page: number } {
  const values = new Map<bigint, bigint>();
  for (let at = 0; at + 16 <= auxv.length; at += 16) values.set(auxv.readBigUInt64LE(at), auxv.readBigUInt64LE(at + 8));
  return { hz: Number(values.get(AT_CLKTCK) ?? 100n), page: Number(values.get(AT_PAGESZ) ?? 4096n) };
}
