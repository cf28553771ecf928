import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { messageOf } from '../../core/errors.ts';
import { DeliveryError, type Sink } from '../../core/notify.ts';
import { settingsOf } from '../settings.ts';

const { O_APPEND, O_CREAT, O_RDWR, O_NONBLOCK } = constants;

/** A line of JSON for each message. The file is opened by its name each time, so a rotated one is not written to any more. */
export const file: Sink = {
  name: 'file',
  about: 'appends snowfence.notification/v1 to a file, one line of JSON a message',
  settings: settingsOf(['path'], { path: { type: 'string', minLength: 1, description: 'relative to the fleet file' } }),
  shape: { items: 1000, instances: 1000 },
  async send(message, settings) {
    const { path } = settings as { path: string };
    try {
      // NONBLOCK: a pipe that nobody reads must not hold us.
      const handle = await open(path, O_APPEND | O_CREAT | O_RDWR | O_NONBLOCK, 0o600);
      try {
        const { size } = await handle.stat().then((stat) => {
          if (!stat.isFile()) throw new DeliveryError(`${path} is no ordinary file`);
          return stat;
        });
        const line = Buffer.from(`${(await endsMidLine(handle, size)) ? '\n' : ''}${JSON.stringify(message)}\n`);
        const { bytesWritten } = await handle.write(line);
        if (bytesWritten < line.length) throw new Error('it was not written whole: the disk may be full');
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (error instanceof DeliveryError) throw error;
      throw new DeliveryError(`cannot append to ${path}: ${messageOf(error)}`, { transient: true, cause: error });
    }
    return undefined;
  },
};

/** A writer that was killed leaves half a line: what follows begins a new one. */
async function endsMidLine(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] !== 0x0a;
}
