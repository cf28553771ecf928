import { once } from 'node:events';
import { expect, it } from 'vitest';
import { runProxy } from '../../../src/transport/ssh/proxy-command.ts';

it.each([
  ['says why after it closed its output', `sh -c 'exec 1>&2; sleep 0.1; echo no road here'`, 'no road here\n'],
  ['stays when it closed its output', `sh -c 'exec 1>&2; echo staying; exec sleep 60'`, 'staying\n'],
])('a command that %s is heard, and does not stay', async (_, command, words) => {
  const { stream, said, ended } = runProxy(command);
  stream.resume();
  await once(stream, 'close');
  await ended;
  expect(said()).toBe(words);
});

it('a command that is not needed any more is ended at once', async () => {
  const { stream, ended } = runProxy('sleep 60');
  stream.destroy();
  await ended;
});
