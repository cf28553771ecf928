import type { Command } from 'commander';
import type { Notifying } from '../../app/notifying/setup.ts';
import { printable } from '../../core/bytes.ts';
import { UserError } from '../../core/errors.ts';
import { exit } from '../../core/exit.ts';
import type { OutboxStatus } from '../../core/notify.ts';
import type { Store } from '../../core/ports.ts';
import { type Context, numberOption, openStore } from '../context.ts';
import { deliverNow, tell } from '../notifying.ts';

interface Flags {
  inventory: string;
  store?: string;
  timeout: number;
}

const after = `
Examples:
  snowfence notify test --inventory fleet.yaml           (a marked test message through every sink)
  snowfence notify test oncall --inventory fleet.yaml
  snowfence notify status
  snowfence notify flush --inventory fleet.yaml          (what a scan could not deliver)
  snowfence notify retry --inventory fleet.yaml          (what was given up)

Who is told what stands in the section "notify" of the fleet file (docs/notify.md).`;

export function addNotify(program: Command, context: Context): void {
  const command = program
    .command('notify')
    .description('tell others what changed: try the sinks, see and deliver what waits')
    .addHelpText('after', after);
  const inventory = ['--inventory <file>', 'fleet file (YAML) with a section "notify"'] as const;
  const store = ['--store <file>', 'where it is remembered what waits (SNOWFENCE_STORE)'] as const;
  const timeout = ['--timeout <seconds>', 'for all deliveries', numberOption('--timeout', 1, 3600), 60] as const;

  command
    .command('test [SINK]')
    .description('send a test message through each sink; exit 1 when one fails')
    .requiredOption(...inventory)
    .action(async (name: string | undefined, flags: Flags) => {
      context.code = await test(name, flags, context);
    });
  command
    .command('status')
    .description('what waits, what was given up, when something was last delivered')
    .option(...store)
    .option('--json', 'as JSON')
    .action(async (flags: { store?: string; json?: boolean }) => {
      await withStore(flags.store, (open) => {
        const rows = open.outbox.status();
        context.stdout.write(flags.json ? `${JSON.stringify(rows, null, 2)}\n` : statusText(rows));
      });
    });
  command
    .command('flush')
    .description('deliver what waits; exit 1 when something is left')
    .requiredOption(...inventory)
    .option(...store)
    .option(...timeout)
    .action(async (flags: Flags) => {
      await withStore(flags.store, async (open) => flush(open, await required(flags), flags, context));
    });
  command
    .command('retry')
    .description('deliver what was given up, too; exit 1 when something is left')
    .requiredOption(...inventory)
    .option(...store)
    .option(...timeout)
    .action(async (flags: Flags) => {
      await withStore(flags.store, async (open) => {
        const notifying = await required(flags);
        const { revived } = await import('../../app/notifying/revived.ts');
        const count = open.outbox.revive(notifying.fleet, new Date().toISOString(), revived);
        context.stderr.write(`${count} given-up messages wait again\n`);
        await flush(open, notifying, flags, context);
      });
    });
}

async function test(only: string | undefined, flags: Flags, context: Context): Promise<number> {
  const notifying = await required(flags);
  const names = Object.keys(notifying.config.sinks);
  if (only !== undefined && !names.includes(only))
    throw new UserError(`there is no sink "${only}" in ${flags.inventory}`, `there is ${names.join(', ')}`);
  const [{ attempt }, { testMessage }, { version }, { randomUUID }] = await Promise.all([
    import('../../app/notifying/attempt.ts'),
    import('../../notify/message.ts'),
    import('../../app/places.ts'),
    import('node:crypto'),
  ]);
  const around = { env: context.env, signal: context.signal, version: version() };
  let code: number = exit.clean;
  await Promise.all(
    names.map(async (name) => {
      if (only !== undefined && name !== only) return;
      const at = new Date().toISOString();
      const ended = await attempt(notifying, name, testMessage(`test/${randomUUID()}/${name}`, at, name), 0, around);
      if (ended.state === 'failed') code = exit.findings;
      const how = ended.state === 'sent' ? 'delivered' : 'FAILED';
      const says = ended.says ? `: ${printable(ended.says)}` : '';
      context.stdout.write(`${name} (${notifying.config.sinks[name]?.kind}): ${how}${says}\n`);
    }),
  );
  return code;
}

async function flush(store: Store, notifying: Notifying, { timeout }: Flags, context: Context): Promise<void> {
  const result = await deliverNow(store, notifying, timeout, context);
  context.stderr.write(`${result.sent} delivered\n`);
  tell(result, notifying, context.stderr);
  context.code = result.waiting.length + result.dead.length > 0 ? exit.findings : exit.clean;
}

/** The section `notify`. @throws UserError where there is none. */
async function required({ inventory }: { inventory: string }): Promise<Notifying> {
  const { loadNotifying } = await import('../../app/notifying/setup.ts');
  const notifying = await loadNotifying(inventory);
  if (notifying) return notifying;
  throw new UserError(
    `${inventory} says nothing of notifications`,
    'add a section "notify" (docs/notify.md has one to begin with)',
  );
}

async function withStore(path: string | undefined, act: (store: Store) => void | Promise<void>): Promise<void> {
  const store = await openStore(path);
  try {
    await act(store);
  } finally {
    store.close();
  }
}

function statusText(rows: OutboxStatus[]): string {
  if (rows.length === 0) return 'nothing was ever to be sent\n';
  const lines = rows.map(({ fleet, sink, waiting, dead, nextTryAt, lastSentAt, says }) => {
    const parts = [
      `${waiting} waiting${nextTryAt ? ` (next try ${nextTryAt})` : ''}`,
      `${dead} given up`,
      lastSentAt ? `last delivered ${lastSentAt}` : 'never delivered',
      ...(says ? [`last failure: ${says}`] : []),
    ];
    return `${printable(sink)} (${printable(fleet)}): ${parts.map(printable).join(', ')}`;
  });
  return `${lines.join('\n')}\n`;
}
