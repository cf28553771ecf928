import { gzipSync } from 'node:zlib';
import { ReachError } from '../../core/errors.ts';
import type { ProgramArguments, SessionInput } from '../../core/ports.ts';

/** First word of an answer, and the marks at its end, inside the compressed part. */
export const hello = 'SNOWFENCE-SSM/1';
export const marks = { end: '\0SNOWFENCE-END ', flood: '\0SNOWFENCE-FLOOD\0' };

/** Characters of the answer in one command's output: GetCommandInvocation keeps 24,000 of standard output. */
export const chunkChars = 23_500;
/** Of standard error it keeps 8,000. */
const errorBytes = 7900;
/** Longest script that is sent: documents have at most 64 KB, and the parameters become part of one. */
const maxScript = 60_000;
/** Longest single argument, with room: Linux takes 128 KiB (MAX_ARG_STRLEN). */
const maxArgument = 100_000;
/** Longest answer that is held, base64 characters: past that its way here would take longer than any patience. */
const maxHeld = 64 * 1024 * 1024;
/** Times five seconds after which a held answer removes itself. */
const patience = 180;

/** What a script needs to know. All of it is ours. */
export interface Script {
  program: string;
  args: ProgramArguments;
  /** For the program's standard input, where it fits into the script: a program can do without. */
  input?: SessionInput | undefined;
  /** 32 hex digits: the name of what is held. */
  nonce: string;
  /** May a long answer be held in memory? */
  hold: boolean;
  /** Most bytes of output. */
  maxBytes: number;
}

/**
 * The shell script of the first command: it runs the program, keeps the compressed answer in a shell variable and prints
 * its length and beginning. Only what does not fit into one command's output is held: in a private directory on a tmpfs,
 * removed by the last command, by a trap when this is ended meanwhile, and by itself after a quarter of an hour.
 * @throws ReachError `unsupported` when the program is too long for Run Command.
 */
export function startScript(script: Script): string {
  const { args, nonce, input } = script;
  check(nonce, args);
  const arguments_ = `/ ${args.mode} ${args.since}`;
  const plain = compose(script, `unpack "$P" | /bin/sh -s -- ${arguments_}`, '');
  // With input, the program comes as an argument, so that nothing of the input can be lost with what the shell reads ahead.
  const fed = compose(script, `unpack "$I" | /bin/sh -c "$(unpack "$P")" sh ${arguments_}`, pack(input?.bytes ?? ''));
  if (input && fed.length <= maxScript && script.program.length <= maxArgument) return fed;
  if (plain.length <= maxScript) return plain;
  throw new ReachError(
    'unsupported',
    `the program needs ${plain.length} characters, and Run Command takes ${maxScript}`,
  );
}

function pack(content: string | Buffer): string {
  return gzipSync(content, { level: 9 }).toString('base64');
}

function compose({ program, nonce, hold, maxBytes }: Script, run: string, input: string): string {
  return `umask 077
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin; export LC_ALL PATH
for t in base64 gzip head tail tr wc; do
command -v "$t" >/dev/null 2>&1 || { echo "${hello} 0 lacks $t"; exit 0; }
done
P='${pack(program)}'
I='${input}'
unpack() { printf %s "$1" | base64 -d | gzip -dc; }
answer() {
{ { ${run}
printf '\\0SNOWFENCE-END %s\\0' "$?"; } 2>&1 >&3 | {
head -c ${errorBytes} >&4
head -c ${maxBytes} >/dev/null
[ "$(head -c 1 | wc -c)" -eq 0 ] || printf '\\0SNOWFENCE-FLOOD\\0' >&3
}; } 3>&1 4>&2 | head -c ${maxBytes + 64} | gzip -c | base64 | tr -d '\\n' | head -c ${maxHeld}
}
A=$(answer)
L=\${#A} S=whole
D=${directory(nonce)}
if [ "$L" -gt ${chunkChars} ]; then
S=unheld
${hold ? held : ''}
fi
printf '%s %s %s\\n' ${hello} "$L" "$S"
printf %s "$A" 2>/dev/null | head -c ${chunkChars}
exit 0
`;
}

/** Holds `$A` in `$D`; `S=held` when that worked. */
const held = `case $(stat -f -c %T /dev/shm 2>/dev/null) in
tmpfs | ramfs)
trap 'rm -rf "$D"; exit 1' HUP INT TERM
if mkdir "$D" 2>/dev/null; then
if printf %s "$A" 2>/dev/null >"$D/a" && [ "$(wc -c <"$D/a")" -eq "$L" ]; then
S=held
G='i=0; while [ -d "$1" ] && [ $i -lt ${patience} ]; do sleep 5; i=$((i + 1)); done; rm -rf "$1"'
if command -v setsid >/dev/null 2>&1; then setsid sh -c "trap '' HUP; $G" sh "$D" </dev/null >/dev/null 2>&1 &
else sh -c "trap '' HUP; $G" sh "$D" </dev/null >/dev/null 2>&1 & fi
else rm -rf "$D"; S=full; fi
fi ;;
esac`;

/** The script of the command that brings a further piece of a held answer; `offset` in characters. */
export function chunkScript(nonce: string, offset: number): string {
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`no offset: ${offset}`);
  return `tail -c +${offset + 1} ${directory(nonce)}/a | head -c ${chunkChars}\n`;
}

/** The script of the command that removes a held answer. */
export function removeScript(nonce: string): string {
  return `rm -rf ${directory(nonce)}\n`;
}

/**
 * Removes the program's scratch directories that nobody works in any more: a command that is cancelled is killed with all
 * that would have cleaned up behind it. Looks twice, because one that was just made is not entered yet.
 */
export const sweepScript = `free() {
for p in /proc/[0-9]*; do
[ "$(readlink "$p/cwd" 2>/dev/null)" = "$1" ] && return 1
done
return 0
}
sleep 1
for d in /dev/shm/.snowfence-*; do
[ -d "$d" ] && [ ! -L "$d" ] && free "$d" && sleep 1 && free "$d" && rm -rf "$d"
done
exit 0
`;

function directory(nonce: string): string {
  if (!/^[0-9a-f]{32}$/.test(nonce)) throw new RangeError('no nonce');
  return `/dev/shm/snowfence-${nonce}`;
}

function check(nonce: string, { root, mode, since }: ProgramArguments): void {
  directory(nonce);
  if (root !== '/' || (mode !== 'live' && mode !== 'offline') || !Number.isSafeInteger(since) || since < 0)
    throw new RangeError('arguments that are not ours');
}
