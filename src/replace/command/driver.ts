import { plain } from '../../core/address.ts';
import type { Driver, Permit, Progress, Settings } from '../../core/replacement.ts';
import { ReplaceError } from '../../core/replacement.ts';
import { parsed } from '../http.ts';
import { runProgram } from '../process.ts';
import { progressIn } from '../said.ts';

interface CommandSettings {
  start: string[];
  poll?: string[];
  retire?: string[];
  timeoutSeconds?: number;
}

const argv = { type: 'array', items: { type: 'string' }, minItems: 1 } as const;
const of = (settings: Settings) => settings as unknown as CommandSettings;

/**
 * A program of one's own. `start` gets `{ action: "start", key, target }` as JSON on its standard input and must do nothing twice
 * for one key; what it prints is the token (JSON, or nothing). `poll` gets `{ action: "poll", key, token, target }` and prints
 * `{ "state": "running" | "done" | "failed", "detail": TEXT, "uri": URI, "hostKeys": [...] }`; without it, the end of `start` is the end. `retire`
 * gets the same as `poll`, with its own action, once the new one was seen clean.
 */
export const command: Driver = {
  name: 'command',
  about: 'starts a program (argv, no shell; JSON on its standard input), and asks another how far it has come',
  settings: {
    type: 'object',
    additionalProperties: false,
    required: ['start'],
    properties: {
      start: { ...argv, description: 'program and arguments that begin a replacement' },
      poll: { ...argv, description: 'program and arguments that say how far it has come' },
      retire: {
        ...argv,
        description: 'program and arguments that end the old instance, once the new one was seen clean',
      },
      timeoutSeconds: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 86_400,
        description: 'of one call (default 300)',
      },
    },
  },
  plan(target, settings) {
    const { start, poll, retire } = of(settings);
    const input = JSON.stringify({ action: 'start', target });
    return {
      calls: [
        `${inWords(start)} with ${input} on its standard input`,
        ...(poll ? [`${inWords(poll)} until it is done`] : []),
        ...(retire ? [`${inWords(retire)} once the new one was seen clean`] : []),
      ],
    };
  },
  async open(settings, { signal, env }) {
    const { start, poll, retire, timeoutSeconds = 300 } = of(settings);
    const run = (program: readonly string[], input: unknown) =>
      runProgram({ argv: program, input, timeoutMs: timeoutSeconds * 1000, signal, env });
    return {
      retire:
        retire &&
        (async ({ key, target }, token) => {
          await run(retire, { action: 'retire', key, token, target });
        }),
      async start({ key, target }) {
        const said = (await run(start, { action: 'start', key, target })).trim();
        if (said.length > 4096) throw new ReplaceError('the program printed more than a token of 4096 characters');
        return said;
      },
      async poll(token, permit) {
        if (!poll) return progressOf(token, permit, true);
        const { key, target } = permit;
        return progressOf(await run(poll, { action: 'poll', key, token, target }), permit, false);
      },
      close: async () => {},
    };
  },
};

function inWords(program: readonly string[]): string {
  return program.map((word) => (/^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

/** @throws ReplaceError when a program that must say how far it is says nothing that is understood. */
function progressOf(text: string, { target }: Permit, ended: boolean): Progress {
  const said = parsed(text);
  const object = typeof said === 'object' && said !== null ? said : {};
  const progress = progressIn(ended ? { state: 'done', ...object } : object, target, 'the program');
  if (progress) return progress;
  throw new ReplaceError(`the program says no state of running, done or failed: ${plain(text, 200)}`);
}
