import { createHash } from 'node:crypto';
import { prelude } from './prelude.ts';
import type { Probe } from './probe.ts';

/**
 * The probes as one POSIX sh program. All of it stands between braces, so that a shell parses it to the end before it
 * runs anything: an upload that was cut runs nothing. Deterministic: the same probes give the same bytes, whose
 * sha256 is in every report and can be pinned (sudoers, SSM document).
 */
export function composeProgram(probes: Probe[]): string {
  const questions = probes.map((probe) => {
    const body = `begin ${probe.name}\n${probe.question.trim()}\nend ${probe.name}`;
    return probe.asks === 'live' ? `if [ $MODE = live ]; then\n${body}\nfi` : body;
  });
  const walk = probes.findIndex((probe) => probe.flows);
  const first = walk < 0 ? questions.length : walk;
  return [
    '# snowfence probe program: reads, writes nothing.',
    '{',
    prelude.trim(),
    'printf \'\\0SNOWFENCE/1 %s %s\\0\' "$(date +%s 2>/dev/null)" "$1"',
    ...(first > 1 ? packed(questions.slice(0, first)) : questions.slice(0, first)),
    ...questions.slice(first),
    // What watches over the program is needed no more; see files/watch-question.ts.
    '[ "$WATCH" ] && kill -USR1 $WATCH 2>/dev/null && wait $WATCH',
    "printf 'Z\\0'",
    'exit 0',
    '}',
    '',
  ].join('\n');
}

/**
 * Questions whose answers go through gzip where there is one that works: fewer bytes, and fewer packets,
 * each of which costs the scanner a cipher of its own (ssh2 with AES-GCM). frames.ts takes it apart.
 */
function packed(questions: string[]): string[] {
  return [
    'small() {',
    ...questions,
    '}',
    '# all but the long walk: by gzip, where it works',
    'if [ "$(printf abc | gzip -1 2>/dev/null | gzip -dc 2>/dev/null)" = abc ]; then',
    "printf 'G\\0'; small \"$@\" | gzip -1; printf '\\0'",
    'else small "$@"; fi',
  ];
}

/** Hex sha256 of a program. */
export function programSha256(program: string): string {
  return createHash('sha256').update(program).digest('hex');
}
