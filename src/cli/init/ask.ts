import { createInterface } from 'node:readline/promises';
import { printable } from '../../core/bytes.ts';
import { UserError } from '../../core/errors.ts';
import { type InitFlags, read, usual } from './answers.ts';

/** Asks one question; what Enter alone means stands in brackets. Rejects with an AbortError when nobody wants to answer. */
export type Ask = (question: string, enter: string) => Promise<string>;

/** Questions on a terminal. Ctrl-C and the end of the input end them. */
export function terminal(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  signal: AbortSignal,
): { ask: Ask; say(line: string): void; close(): void } {
  const lines = createInterface({ input, output });
  const stop = new AbortController();
  lines.on('SIGINT', () => stop.abort()).on('close', () => stop.abort());
  const ended = AbortSignal.any([signal, stop.signal]);
  return {
    ask: async (question, enter) =>
      (await lines.question(`${question}${enter === '' ? '' : ` [${enter}]`}: `, { signal: ended })).trim() || enter,
    say: (line) => void output.write(`${line}\n`),
    close: () => lines.close(),
  };
}

/** Asks for what the flags do not say. An answer that cannot be is explained and asked for again. */
export async function askFor(flags: InitFlags, ask: Ask, say: (line: string) => void): Promise<InitFlags> {
  const until = async <T>(question: string, enter: string, reader: (text: string) => T): Promise<string> => {
    for (;;) {
      const text = await ask(question, enter);
      try {
        await reader(text);
        return text;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        say(`  ${printable(error.message)}: ${printable(error.hint)}`);
      }
    }
  };
  const host =
    flags.host.length > 0
      ? flags.host
      : [await until('Servers: names, addresses, or a pattern of ~/.ssh/config such as web-*', '', read.hosts)];
  const group = flags.group ?? (await until('Name of their group', usual.group, read.group));
  const user = flags.user ?? (await until('Log in as (Enter: as your OpenSSH configuration says)', '', read.user));
  const sudo =
    flags.sudo ?? /^y/i.test(await until('Use sudo there', usual.sudo(user || undefined) ? 'yes' : 'no', yesOrNo));
  const image =
    flags.image ?? (await until('Image that they were launched from, NAME:VERSION', usual.image(group), read.image));
  const source =
    flags.source ??
    (await until(
      'Read that image from: rootfs:DIR, docker-archive:FILE, oci:FILE, a fresh instance',
      'later',
      read.source,
    ));
  const reports = flags.reports ?? (await until('Directory for reports', usual.reports, read.reports));
  const schedule =
    flags.schedule ?? (await until('Scan by itself: nightly, hourly, a cron expression', 'none', read.schedule));
  const notify =
    flags.notify.length > 0
      ? flags.notify
      : [
          await until('Tell whom: slack=env:NAME, alertmanager=URL, syslog=HOST, file=PATH', 'nobody', (text) =>
            text === 'nobody' ? undefined : read.sink(text),
          ),
        ].filter((text) => text !== 'nobody');
  return { ...flags, host, group, user, sudo, image, source, reports, schedule, notify };
}

function yesOrNo(text: string): void {
  if (!/^(y|yes|n|no)$/i.test(text)) throw new UserError(`"${text}" is neither`, 'answer yes or no');
}
