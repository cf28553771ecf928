import { posix } from 'node:path';
import type { RootArchive } from '../../core/container.ts';
import { ReachError } from '../../core/errors.ts';
import type { Gap } from '../../core/facts.ts';
import type { Limits } from '../../core/ports.ts';
import type { DockerApi } from './api.ts';
import type { Container } from './container.ts';
import { list, object } from './json.ts';

/** Largest file that the daemon mounts into a container for itself, with its tar around it. Bytes. */
const maxOver = 1024 * 1024;

/** How an archive is read. */
export interface Reading {
  limits: Limits;
  /** `performance.now()` at which the total limit runs out. */
  deadline: number;
  signal: AbortSignal;
  onBytes: ((total: number) => void) | undefined;
}

/**
 * The files of a container without a shell. `export` and not `archive?path=/`, because it leaves volumes out, however
 * large they are; the few files that the daemon mounts over the image's come one by one from `archive`.
 */
export async function openArchive(api: DockerApi, container: Container, reading: Reading): Promise<RootArchive> {
  const over: RootArchive['over'] = [];
  for (const { path } of container.mounts.filter(({ kind }) => kind === 'file')) {
    const from = `/containers/${container.id}/archive?path=${encodeURIComponent(path)}`;
    if (!(await api.has(from))) continue;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of api.stream(from)) {
      size += chunk.length;
      if (size > maxOver) throw new ReachError('limit', `${path} of the container has more than ${maxOver} bytes`);
      chunks.push(chunk);
    }
    over.push({ directory: posix.dirname(path), tar: Buffer.concat(chunks) });
  }
  return { tar: limited(api, container, reading), over, gaps: [] };
}

/** The export, within the limits of the session: bytes are not one of them, because none are kept. */
async function* limited(api: DockerApi, { id }: Container, reading: Reading): AsyncGenerator<Buffer> {
  const { limits, deadline, signal, onBytes } = reading;
  const watch = new AbortController();
  let why: 'idle' | 'total' | undefined;
  const strike = (limit: 'idle' | 'total') => (): void => {
    why = limit;
    watch.abort();
  };
  const idle = setTimeout(strike('idle'), limits.idleMs);
  const overall = setTimeout(strike('total'), Math.max(0, deadline - performance.now()));
  let total = 0;
  try {
    for await (const chunk of api.stream(`/containers/${id}/export`, AbortSignal.any([signal, watch.signal]))) {
      idle.refresh();
      total += chunk.length;
      onBytes?.(total);
      yield chunk;
    }
  } catch (error) {
    if (why === 'idle')
      throw new ReachError('timeout', 'the daemon sent nothing of the container for longer than the idle limit');
    if (why === 'total') throw new ReachError('timeout', 'the time limit for the whole instance ran out');
    throw error;
  } finally {
    clearTimeout(idle);
    clearTimeout(overall);
  }
}

/** What is unknown where neither a shell nor the kernel can be asked. The daemon can name the processes, which proves nothing. */
export async function unseenProcesses(api: DockerApi, { id }: Container): Promise<Gap[]> {
  let known = '';
  try {
    const { Processes: rows } = object(
      await api.json('GET', `/containers/${id}/top?ps_args=${encodeURIComponent('-eo pid,comm')}`),
    );
    known = ` (the daemon lists ${list(rows).length}, by name only)`;
  } catch {
    // Its machine has no ps, or another one.
  }
  const why = 'the container has no shell that could be asked; scan from the machine of the daemon, as root';
  return [
    { probe: 'processes', reason: 'unsupported', detail: `what the processes run is unknown${known}: ${why}` },
    { probe: 'sockets', reason: 'unsupported', detail: `listening sockets are unknown: ${why}` },
  ];
}
