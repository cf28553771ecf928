import { vi } from 'vitest';
import type { Reach } from '../../../src/core/ports.ts';
import { ssh } from '../../../src/transport/ssh/transport.ts';
import { calm, instanceAt, wide } from '../contract.ts';
import type { Scratch } from './scratch.ts';

/** Opens with the known hosts of the scratch directory and runs a program; gives what it said, or the error. */
export async function attemptLogin(scratch: Scratch, uri: string, reach: Reach) {
  vi.stubEnv('SSH_AUTH_SOCK', process.env['SOCKET_OF_TEST'] ?? '');
  const way = { sshConfig: 'none', knownHosts: [scratch.path('known')], ...reach };
  try {
    const session = await ssh.open(instanceAt(uri, way), { ...wide, connectMs: 5000 }, calm);
    const answer = await session.run('echo in', { root: '/', mode: 'live', since: 0 });
    await session.close();
    return answer.stdout.toString().trim();
  } catch (error) {
    return error as { reason: string; message: string; hint: string };
  }
}
