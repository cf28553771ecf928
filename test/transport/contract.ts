import { Buffer } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance, Limits, Reach, Transport } from '../../src/core/ports.ts';
import { makeScratch } from './ssh/scratch.ts';

/** Limits that no test of ordinary behaviour comes near. */
export const wide: Limits = { connectMs: 10_000, idleMs: 20_000, totalMs: 25_000, maxBytes: 64 * 1024 * 1024 };

/** A signal that nobody raises. */
export const calm: AbortSignal = new AbortController().signal;

/** An instance with a URI and a way in. */
export function instanceAt(uri: string, reach: Reach = {}): Instance {
  return { id: 'i', uri, name: 'i', group: 'g', labels: {}, reach };
}

/** One transport with somebody behind it. */
export interface Harness {
  transport: Transport;
  instance: Instance;
  /** OpenSSH passes no signal on to a program of root: there a silent program lives on until it next writes. */
  endsSilentPrograms: boolean;
  /** False: what a program prints is heard only when it has ended, so silence tells nothing and an answer that was stopped is empty. */
  hearsRunning?: false;
  /** What getting in may take on a busy machine, where that is more than a moment. Milliseconds. */
  opensWithinMs?: number;
  stop(): Promise<void>;
}

/** What every transport must do, whoever is behind it. */
export function describeContract(name: string, start: () => Promise<Harness>): void {
  describe(`contract: ${name}`, () => {
    let harness: Harness;
    beforeAll(async () => {
      harness = await start();
    });
    afterAll(() => harness?.stop());

    async function run(
      program: string,
      limits: Partial<Limits> = {},
      signal = calm,
      onBytes?: (total: number) => void,
    ) {
      const { transport, instance } = harness;
      const session = await transport.open(instance, { ...wide, ...limits }, signal);
      try {
        return await session.run(program, { ...transport.scope(instance), since: 1700000000 }, onBytes);
      } finally {
        await session.close();
      }
    }

    it('gives the program its positional parameters and nothing else', async () => {
      const { root, mode } = harness.transport.scope(harness.instance);
      const answer = await run(`printf '%s|' "$#" "$@"`);
      expect(answer).toEqual({
        stdout: Buffer.from(`3|${root}|${mode}|1700000000|`),
        stderr: '',
        exitCode: 0,
        ended: 'exit',
      });
    });

    it('brings back every byte as it is', async () => {
      const octal = Array.from({ length: 256 }, (_, n) => `\\${n.toString(8).padStart(3, '0')}`).join('');
      const answer = await run(`i=0; while [ $i -lt 200 ]; do printf '${octal}'; i=$((i+1)); done`);
      const all = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
      expect(answer.stdout.equals(Buffer.concat(Array.from({ length: 200 }, () => all)))).toBe(true);
      expect(answer.ended).toBe('exit');
    });

    it('brings back much output and counts it', async () => {
      const totals: number[] = [];
      const answer = await run('head -c 12000000 /dev/zero', {}, calm, (total) => totals.push(total));
      expect(answer).toMatchObject({ exitCode: 0, ended: 'exit', stderr: '' });
      expect(answer.stdout.length).toBe(12_000_000);
      expect(totals.at(-1)).toBe(12_000_000);
      expect(totals.length).toBeGreaterThan(1);
    });

    it('takes a long program', async () => {
      const answer = await run(`${'# a comment that fills a line of the program\n'.repeat(50_000)}echo end`);
      expect(answer).toMatchObject({ stdout: Buffer.from('end\n'), ended: 'exit', exitCode: 0 });
    });

    it('keeps only the beginning of standard error', async () => {
      const answer = await run('head -c 300000 /dev/zero | tr "\\0" e >&2; echo out');
      // Run Command itself keeps 8,000 characters.
      const most = harness.hearsRunning === false ? 7900 : 8192;
      expect(answer).toMatchObject({ stderr: 'e'.repeat(most), stdout: Buffer.from('out\n'), ended: 'exit' });
    });

    it('tells the exit status', async () => {
      expect(await run('echo no >&2; exit 7')).toMatchObject({ exitCode: 7, ended: 'exit', stderr: 'no\n' });
    });

    it('does not mind a program that ends before it was read to its end', async () => {
      const answer = await run(`echo early; exit 3\n${'# never read\n'.repeat(300_000)}`);
      expect(answer).toMatchObject({ stdout: Buffer.from('early\n'), exitCode: 3, ended: 'exit' });
    });

    it('calls a program that was killed cut', async () => {
      expect(await run('echo begun; kill -9 $$')).toMatchObject({ exitCode: null, ended: 'cut' });
    });

    it('keeps at most the allowed bytes', async () => {
      const answer = await run('while :; do echo flood; done', { maxBytes: 100_000 });
      expect(answer).toMatchObject({ ended: 'limit', exitCode: null });
      expect(answer.stdout.length).toBe(100_000);
    });

    it('does not call output of exactly the allowed size too long', async () => {
      const answer = await run('head -c 5000 /dev/zero', { maxBytes: 5000 });
      expect(answer).toMatchObject({ ended: 'exit', exitCode: 0 });
      expect(answer.stdout.length).toBe(5000);
    });

    it('ends a program that only complains', async () => {
      const answer = await run('while :; do echo flood >&2; done', { maxBytes: 100_000 });
      expect(answer).toMatchObject({ ended: 'limit', exitCode: null, stdout: Buffer.alloc(0) });
    });

    it('ends a program that is not heard while it runs, and what it started', async () => {
      if (harness.hearsRunning !== false) return;
      const scratch = await makeScratch();
      for (const how of ['timeout', 'interrupted'] as const) {
        const abort = new AbortController();
        const file = scratch.path(how);
        const work = run(
          `sleep 1234 & echo $! >${file}; wait`,
          how === 'timeout' ? { totalMs: 2500 } : {},
          abort.signal,
        );
        if (how === 'interrupted') {
          await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n')).toBe(true);
          abort.abort();
        }
        expect(await work).toMatchObject({ ended: how, exitCode: null, stdout: Buffer.alloc(0) });
        await expectGone(readFileSync(file), harness);
      }
      await scratch.remove();
    });

    it('ends a silent program, and what it started', async () => {
      if (harness.hearsRunning === false) return;
      const answer = await run('sleep 1234 & echo $!; wait', { idleMs: 400 + (harness.opensWithinMs ?? 0) / 4 });
      expect(answer).toMatchObject({ ended: 'idle', exitCode: null });
      await expectGone(answer.stdout, harness);
    });

    it('ends a program that uses up the total time', async () => {
      if (harness.hearsRunning === false) return;
      const patience = harness.opensWithinMs ?? 0;
      const started = performance.now();
      const answer = await run('echo $$; while :; do echo tick; sleep 0.1; done', { totalMs: 800 + patience });
      expect(answer).toMatchObject({ ended: 'timeout', exitCode: null });
      expect(answer.stdout.toString()).toContain('tick\ntick\n');
      expect(performance.now() - started).toBeLessThan(4000 + patience);
      await expectGone(answer.stdout, harness);
    });

    it('ends when it is told to', async () => {
      if (harness.hearsRunning === false) return;
      const abort = new AbortController();
      const answer = await run('echo $$; exec sleep 1234', {}, abort.signal, () => abort.abort());
      expect(answer).toMatchObject({ ended: 'interrupted', exitCode: null });
      await expectGone(answer.stdout, harness);
    });

    it('does not open at all after it was told to stop', async () => {
      await expect(run('echo', {}, AbortSignal.abort())).rejects.toMatchObject({ reason: 'interrupted' });
    });

    it('gives a program the input that it asks for', async () => {
      const { transport, instance } = harness;
      const session = await transport.open(instance, wide, calm);
      const program = `{\nexec 3<&0 </dev/null\necho READY\nread -r a <&3; read -r b <&3\necho "$a|$b"\nexit 0\n}\n`;
      const input = { after: 'READY', bytes: Buffer.from('one $x `id`\ntwo\n') };
      const answer = await session.run(program, { ...transport.scope(instance), since: 0 }, undefined, input);
      await session.close();
      expect(answer).toMatchObject({ stdout: Buffer.from('READY\none $x `id`|two\n'), ended: 'exit', exitCode: 0 });
    });

    it('runs one program after the other', async () => {
      const { transport, instance } = harness;
      const session = await transport.open(instance, wide, calm);
      const scope = { ...transport.scope(instance), since: 0 };
      expect((await session.run('echo 1', scope)).stdout.toString()).toBe('1\n');
      expect((await session.run('echo 2', scope)).stdout.toString()).toBe('2\n');
      await session.close();
      await session.close();
    });
  });
}

/** Waits until the process whose number begins the output does not run any more. All targets of these tests are here. */
async function expectGone(stdout: Buffer, { endsSilentPrograms }: Harness): Promise<void> {
  const pid = Number.parseInt(stdout.toString(), 10);
  expect(pid).toBeGreaterThan(1);
  if (endsSilentPrograms) await expect.poll(() => runs(pid), { timeout: 5000 }).toBe(false);
  else if (runs(pid)) process.kill(pid, 'SIGKILL');
}

/** A process that ended but was not collected by its parent (a zombie) does not run. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    if (existsSync('/proc/self/status')) return false;
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
