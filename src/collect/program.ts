import { createHash } from 'node:crypto';
import { prelude } from './prelude.ts';
import type { Probe } from './probe.ts';

/**
 * The probes as one POSIX sh program. All of it stands between braces, so that a shell parses it to the end before it
 * runs anything: an upload that was cut runs nothing. Deterministic: the same probes give the same bytes, whose
 * sha256 is in every report and can be pinned (sudoers, SSM document).
 */
export function composeProgram(probes: Probe[]): string {
  const walk = probes.find((probe) => probe.flows !== undefined);
  const small = probes.filter((probe) => probe !== walk).map(question);
  return [
    '# snowfence probe program: reads, writes nothing.',
    '{',
    prelude.trim(),
    'printf \'\\0SNOWFENCE/1 %s %s\\0\' "$(date +%s 2>/dev/null)" "$1"',
    ...(walk ? beside(small, walk) : small),
    "printf 'Z\\0'",
    'exit 0',
    '}',
    '',
  ].join('\n');
}

function question(probe: Probe): string {
  const body = `begin ${probe.name}\n${probe.question.trim()}\nend ${probe.name}`;
  return probe.asks === 'live' ? `if [ $MODE = live ]; then\n${body}\nfi` : body;
}

/**
 * The long walk runs beside the other questions, and what it says waits in a pipe behind their answers, so that those are
 * there when the walk is cut. They go through gzip where there is one that works: fewer bytes, and fewer packets, each of
 * which costs the scanner a cipher of its own (ssh2 with AES-GCM). frames.ts takes it apart. Their tools are guarded
 * (prelude.ts); the walk looks after its own.
 *
 * The walk's first line is the process that watches over all of it (files/watch-question.ts): it is ended when both are done,
 * and nobody waits for it: a shell that kept a copy of the pipe would wait for ever (mksh does).
 */
function beside(small: string[], walk: Probe): string[] {
  return [
    'small() {',
    'guard',
    ...small,
    '}',
    'walk() {',
    (walk.flows ?? '').trim(),
    'printf \'%s\\n\' "$WATCH"',
    question(walk),
    '}',
    'walk "$@" | {',
    'if [ "$(printf abc | gzip -1 2>/dev/null | gzip -dc 2>/dev/null)" = abc ]; then',
    "printf 'G\\0'; small \"$@\" </dev/null 3<&- | gzip -1; printf '\\0'",
    'else small "$@" </dev/null 3<&-; fi',
    'IFS= read -r WATCH',
    'cat',
    '[ "$WATCH" ] && kill -USR1 $WATCH 2>/dev/null',
    '}',
  ];
}

/** Hex sha256 of a program. */
export function programSha256(program: string): string {
  return createHash('sha256').update(program).digest('hex');
}
