import type { Finding } from '../core/finding.ts';
import type { UnitStateFact } from '../core/running.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case } from './case.ts';
import { makeFinding } from './make.ts';

const directories = [
  '/etc/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];
/** Where links stand that start a unit with the server. */
const starters = ['multi-user.target', 'graphical.target', 'timers.target'];
const controls = ['NIST 800-53 CM-7'];

/** Units that run and are in no file, and units of the image that its start brought and that run no longer. */
export function judgeUnitStates(the: Case): Finding[] {
  const states = the.live.running?.unitStates ?? [];
  return states.flatMap((state) => (state.state === 'alive' ? foreign(the, state) : ended(the, state)));
}

/** It runs, but neither the image nor the server has a file that says what it is. */
function foreign(the: Case, { name }: UnitStateFact): Finding[] {
  const { running, partial } = the.live;
  const forms = [name, name.replace(/@.*(\.[a-z]+)$/, '@$1')];
  const made = [...(running?.madeUnits ?? []), ...(running?.units ?? []).map((unit) => unit.name)];
  const known = forms.some((form) => made.includes(form) || has(the.image.files, form) || has(the.live.files, form));
  if (known || partial.includes('files') || partial.includes('units')) return [];
  const reason =
    'a unit runs that neither the image nor a file of the server knows: its file was taken away after it was started';
  return [
    makeFinding(the.instance.id, 'service', 'added', `unit ${name} without a file`, {
      ...{ severity: 'high', disposition: 'drift', rule: 'service/no-file', reason, tamper: true, controls },
    }),
  ];
}

/** Was a service or timer of the image, which its start brings, stopped, or did it fail? Only where that is certain. */
function ended(the: Case, fact: UnitStateFact): Finding[] {
  const { name, state, type = '' } = fact;
  if (!fact.ran || !fact.conditions || type === 'oneshot' || type === 'idle' || !startsWithServer(the, name)) return [];
  // A daemon says so itself (sd_notify), or is started again whenever it ends; others may be done. What a socket starts comes and goes.
  const daemon = name.endsWith('.timer') || /^notify/.test(type) || fact.restarts === true;
  if (state === 'stopped' && (!daemon || fact.triggered)) return [];
  const reason =
    state === 'failed'
      ? 'a unit that the image starts ran, and has failed'
      : 'a unit that the image starts was stopped on the running server';
  return [
    makeFinding(the.instance.id, 'service', 'changed', `unit ${name} ${state}`, {
      ...{
        severity: state === 'failed' ? 'low' : 'medium',
        disposition: 'drift',
        rule: `service/${state}`,
        reason,
        controls,
      },
      before: { state: 'running' },
      after: { state },
    }),
  ];
}

/** Is it enabled in the image, and is nothing of it different on the server, which would be told there? */
function startsWithServer(the: Case, name: string): boolean {
  const enabled = directories.some((directory) =>
    starters.some((target) => lookup(the.image.files, `${directory}/${target}.wants/${name}`) !== undefined),
  );
  return (
    enabled &&
    !the.drifts.some(
      ({ stream, key }) => stream === 'files' && key.split('/').some((part) => part === name || part === `${name}.d`),
    )
  );
}

function has(files: Buffer, name: string): boolean {
  return (
    directories.some((directory) => lookup(files, `${directory}/${name}`) !== undefined) ||
    // systemd-sysv-generator(8) makes units of start-up scripts.
    lookup(files, `/etc/init.d/${name.replace(/\.service$/, '')}`) !== undefined
  );
}
