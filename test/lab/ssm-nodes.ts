import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { LabInstance } from './instance.ts';
import type { ManagedNode } from './ssm-endpoint.ts';

/** A node that is this very machine. */
export function localNode(extra: Omit<ManagedNode, 'run'> = {}): ManagedNode {
  return {
    ...extra,
    run(script) {
      const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      const [out, err]: Buffer[][] = [[], []];
      child.stdout.on('data', (chunk: Buffer) => out?.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => err?.push(chunk));
      const done = new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
        const text = (chunks: Buffer[] | undefined) => Buffer.concat(chunks ?? []).toString();
        child.once('close', (code) => resolve({ code: code ?? -1, stdout: text(out), stderr: text(err) }));
      });
      const kill = () => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has ended.
        }
      };
      return { done, kill };
    },
  };
}

/** A lab instance as a managed node. Its agent is `run` of the lab, which is root in there. */
export function labNode(instance: LabInstance, extra: Omit<ManagedNode, 'run'> = {}): ManagedNode {
  return {
    ...extra,
    run(script) {
      const mark = `SSM_RUN=${randomUUID()}`;
      const [name = '', value = ''] = mark.split('=');
      const done = instance.run(['/bin/sh', '-c', script], { env: { [name]: value } });
      const end = 'for p in /proc/[0-9]*; do grep -q "$1" $p/environ 2>/dev/null && kill -9 "$(basename "$p")"; done';
      return { done, kill: () => void instance.run(['/bin/sh', '-c', end, 'sh', mark]) };
    },
  };
}
