import { ReachError } from '../../core/errors.ts';
import type { Session, Transport } from '../../core/ports.ts';
import { DockerApi } from './api.ts';
import { openArchive, unseenProcesses } from './archive.ts';
import { inspectContainer } from './container.ts';
import { parseDockerUri } from './endpoint.ts';
import { runExec } from './exec.ts';
import { describeImage, heldImage } from './image.ts';
import { seenFromOutside } from './outside.ts';

/**
 * A container of a Docker daemon: `docker://NAME[?host=...]`. Where it has a shell, and root in it may read everything,
 * the program runs by `exec`; else its files come from the daemon.
 */
export const docker: Transport = {
  scheme: 'docker',
  scope: () => ({ root: '/', mode: 'live' }),
  async open(instance, limits, signal) {
    if (signal.aborted) throw new ReachError('interrupted', 'interrupted before it was called');
    const deadline = performance.now() + limits.totalMs;
    const { container: asked, endpoint } = parseDockerUri(instance.uri, process.env);
    const api = await DockerApi.open(endpoint, limits.connectMs, signal);
    try {
      const container = await inspectContainer(api, asked);
      let seen: ReturnType<typeof seenFromOutside> | undefined;
      const outside: NonNullable<Session['outside']> = async () => {
        if (endpoint.socketPath) seen ??= seenFromOutside(container, signal);
        return seen;
      };
      const common = { container, outside, close: () => api.close() };
      const shell = container.rootReadsAll && (await api.has(`/containers/${container.id}/archive?path=/bin/sh`));
      if (shell) {
        return {
          ...common,
          run: (program, args, onBytes, input) =>
            runExec(api, { container: container.id, program, args, limits, deadline, signal, onBytes, input }),
        };
      }
      return {
        ...common,
        run: async () => {
          throw new ReachError('unsupported', `no program can be run in the container "${asked}"`);
        },
        async archive(onBytes) {
          const read = await openArchive(api, container, { limits, deadline, signal, onBytes });
          return (await outside()) ? read : { ...read, gaps: await unseenProcesses(api, container) };
        },
      };
    } catch (error) {
      await api.close();
      throw error;
    }
  },
  async image(instance, limits, signal) {
    const { container: asked, endpoint } = parseDockerUri(instance.uri, process.env);
    const api = await DockerApi.open(endpoint, limits.connectMs, signal);
    try {
      const { image } = await inspectContainer(api, asked);
      return await describeImage(api, image, limits).catch((error: unknown) => {
        // Its image was removed by force: its digest may still be known to us.
        if (error instanceof ReachError && error.reason === 'unreachable')
          return heldImage(endpoint, image, [], limits);
        throw error;
      });
    } finally {
      await api.close();
    }
  },
};
