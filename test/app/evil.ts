import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerChannel } from 'ssh2';
import { AnswerBudget } from '../../src/app/budget.ts';
import { ManifestBook } from '../../src/app/manifests.ts';
import { exitOf } from '../../src/app/outcome.ts';
import { loadPolicies } from '../../src/app/policies.ts';
import { scan } from '../../src/app/scan.ts';
import { wholeOf } from '../../src/app/stored.ts';
import { unpacked } from '../../src/collect/frames.ts';
import { probes } from '../../src/collect/registry.ts';
import { readAnswer } from '../../src/collect/run.ts';
import type { Limits } from '../../src/core/ports.ts';
import type { InstanceReport, Report } from '../../src/core/report.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { encodeManifest, makeManifest } from '../../src/manifest/codec.ts';
import { answerOf, program } from '../collect/shells.ts';
import { plant, type Scratch, scratch } from '../collect/tree.ts';
import { instanceAt, wide } from '../transport/contract.ts';
import { type Behaviour, type FakeServer, startFake } from '../transport/ssh/fake-server.ts';
import { ed25519Key } from '../transport/ssh/keys.ts';
import { knownLine } from '../transport/ssh/scratch.ts';

/** A true answer of a small system, the manifest of its image, and a key to log in with. */
export interface Truth {
  /** What the program printed, and the same as it was before gzip. */
  packed: Buffer;
  answer: Buffer;
  dir: Scratch;
  /** Directory that the answer is about. */
  root: string;
}

export function makeTruth(): Truth {
  const dir = scratch('evil');
  const root = join(dir.path, 'root');
  plant(root, {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    'etc/group': 'root:x:0:\n',
    'etc/shadow': { text: 'root:*:1:0:::::\n', mode: 0o640 },
    'etc/os-release': 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n',
    'etc/app.conf': 'a = 1\n',
    'usr/bin/tool': { text: '#!/bin/sh\n', mode: 0o755 },
    'usr/bin/other': { text: '#!/bin/sh\n:\n', mode: 0o755 },
    'var/lib/dpkg/status': 'Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\n\n',
  });
  const { stdout: packed } = answerOf(['sh'], program, { root, mode: 'live', since: 0 });
  const ended = { stdout: packed, stderr: '', exitCode: 0, ended: 'exit' } as const;
  const fingerprint = buildFingerprint(readAnswer(ended, Object.values(probes), { root: '/', mode: 'live', since: 0 }));
  const parts = { ref: 'web:1', createdAt: '2026-01-02T03:04:05Z', source: 'test', toolVersion: '0', labels: {} };
  writeFileSync(join(dir.path, 'manifest'), encodeManifest(makeManifest({ ...parts, fingerprint })));
  writeFileSync(join(dir.path, 'id'), ed25519Key().private, { mode: 0o600 });
  return { packed, answer: unpacked(packed), dir, root };
}

/** How one host misbehaves; `good` is replaced by a server that tells the truth. */
export type Evil = Behaviour | { port: number };

export interface Scanned {
  report: Report;
  code: number;
  of(name: string): InstanceReport;
  budget: AnswerBudget;
}

export interface EvilOptions {
  limits?: Partial<Limits>;
  memory?: number;
  /** Servers named here are not in the known-hosts file with the key that they show. */
  strangers?: readonly string[];
}

/** Says an answer and ends as an honest server does. */
export function says(...parts: (Buffer | string)[]): Behaviour {
  return {
    exec(channel) {
      channel.resume();
      for (const part of parts) channel.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
      channel.exit(0);
      channel.end();
    },
  };
}

/** Writes what `next` gives, as fast as it is taken, until it gives nothing or nobody listens. */
export function pours(next: () => Buffer | undefined, onStderr = false): Behaviour {
  return {
    exec(channel: ServerChannel) {
      channel.resume();
      const to = onStderr ? channel.stderr : channel;
      const pour = (): void => {
        const chunk = next();
        if (chunk && channel.writable) to.write(chunk, pour);
        else channel.end();
      };
      pour();
    },
  };
}

/** Scans these hosts and an honest one beside them, over SSH. */
export async function scanEvil(truth: Truth, evil: Record<string, Evil>, options: EvilOptions = {}): Promise<Scanned> {
  const servers: FakeServer[] = [];
  const hosts: { name: string; port: number }[] = [];
  let known = '';
  const start = async (name: string, behaviour: Evil): Promise<void> => {
    if ('port' in behaviour) {
      hosts.push({ name, port: behaviour.port });
      return;
    }
    const server = await startFake(behaviour);
    servers.push(server);
    hosts.push({ name, port: server.port });
    const key = options.strangers?.includes(name) ? ed25519Key().public : server.hostKey;
    known += knownLine('127.0.0.1', server.port, key);
  };
  try {
    for (const [name, behaviour] of Object.entries(evil)) await start(name, behaviour);
    await start('good', says(truth.packed));
    const file = join(truth.dir.path, 'known');
    writeFileSync(file, known);
    const budget = new AnswerBudget(options.memory ?? 2 ** 30, hosts.length);
    const reach = { sshConfig: 'none', knownHosts: [file], identityFiles: [join(truth.dir.path, 'id')] };
    const view = await scan({
      instances: hosts.map(({ name, port }) => ({ ...instanceAt(`ssh://u@127.0.0.1:${port}`, reach), id: name, name })),
      manifests: new ManifestBook(undefined, { manifestFile: join(truth.dir.path, 'manifest') }),
      policies: () => loadPolicies([]),
      limits: { ...wide, ...options.limits },
      reading: { scratch: 'none', largestFile: 0, mostBytes: 0, cpuShare: 100 },
      concurrency: hosts.length,
      budget,
      signal: new AbortController().signal,
      version: '0',
    });
    const report = wholeOf(view);
    const of = (name: string): InstanceReport => {
      const found = report.instances.find((one) => one.name === name);
      if (!found) throw new Error(`no ${name} in the report`);
      return found;
    };
    return { report, code: exitOf(report, 'low'), of, budget };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** The answer with what stands between two marks replaced. */
export function withFrame(answer: Buffer, probe: string, make: (frame: string) => string): Buffer {
  const text = answer.toString('latin1');
  const begin = text.indexOf(`\0B ${probe}\0`) + `\0B ${probe}\0`.length;
  const end = text.indexOf(`\0E ${probe}\0`) + 1;
  if (begin < 4 || end < begin) throw new Error(`no frame ${probe}`);
  return Buffer.from(text.slice(0, begin) + make(text.slice(begin, end)) + text.slice(end), 'latin1');
}
