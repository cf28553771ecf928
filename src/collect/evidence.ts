import type { Answer, SessionInput } from '../core/ports.ts';
import { prelude } from './prelude.ts';
import { sh } from './sh.ts';

const hello = '\0SNOWFENCE-EVIDENCE 1\0';

const question = sh`
printf '\0SNOWFENCE-EVIDENCE 1\0'
read -r most total <&3
n=0
while IFS= read -r line <&3; do
  [ "$line" = . ] && break
  n=$((n + 1))
  # the name may end in newlines, which a substitution takes off
  f=$(printf '%b.' "$line"); f=\${f%.}
  case $f in
    /proc/*[!0-9]*/exe) rec "x $n other"; continue ;;
    /proc/[0-9]*/exe) ;;
    *) [ -L "$f" ] && { rec "x $n link"; continue; } ;;
  esac
  far "$f" && { rec "x $n far"; continue; }
  [ -f "$f" ] || { rec "x $n other"; continue; }
  [ -r "$f" ] || { rec "x $n permission"; continue; }
  size=$(wc -c <"$f" 2>/dev/null) || size=
  size=\${size##* }
  case $size in '' | *[!0-9]*) rec "x $n other"; continue ;; esac
  [ "$size" -gt "$most" ] && { rec "x $n large $size"; continue; }
  [ "$size" -gt "$total" ] && { rec "x $n budget $size"; continue; }
  total=$((total - size))
  rec "f $n $size"
  head -c "$size" <"$f" 2>/dev/null
  rec "e $n"
done
printf 'Z\0'
`;

/**
 * Program that brings the content of chosen files; their names come on its standard input, octal byte by byte, so that nothing
 * of them is ever read by a shell. It follows no link but `/proc/PID/exe`, and reads regular files only.
 */
export const evidenceProgram = [
  '# snowfence evidence program: reads, writes nothing.',
  '{',
  prelude.trim(),
  question.trim(),
  'exit 0',
  '}',
  '',
].join('\n');

/** What is asked of the program: raw (latin1) absolute paths, and most bytes of one file and of all. */
export function evidenceInput(paths: readonly string[], most: number, total: number): SessionInput {
  const lines = paths.map((path) =>
    [...Buffer.from(path, 'latin1')].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join(''),
  );
  return { after: hello, bytes: Buffer.from([`${most} ${total}`, ...lines, '.', ''].join('\n')) };
}

/** Content of one file, or why there is none. */
export type EvidenceFile = { path: string; content: Buffer } | { path: string; missing: string };

const reasons: Readonly<Record<string, string>> = {
  link: 'it is a link',
  far: 'it is on a network file system',
  other: 'it is no regular file, or is gone',
  permission: 'it may not be read',
};

/** Pure; never throws. A file that did not come whole is missing, not shorter. */
export function readEvidence({ stdout }: Pick<Answer, 'stdout'>, paths: readonly string[]): EvidenceFile[] {
  const found = new Map<number, EvidenceFile>();
  let at = stdout.indexOf(hello, 0, 'latin1');
  at = at < 0 ? stdout.length : at + hello.length;
  while (at < stdout.length) {
    const end = stdout.indexOf(0, at);
    if (end < 0) break;
    const [word = '', number = '', more = '', size = ''] = stdout.toString('latin1', at, end).split(' ');
    at = end + 1;
    const index = Number(number);
    const path = paths[index - 1];
    if (word === 'Z' || path === undefined || found.has(index)) break;
    if (word === 'x') {
      const why =
        reasons[more] ??
        `${Number(size) || 'too many'} bytes are more than ${more === 'large' ? 'one file' : 'all files together'} may have`;
      found.set(index, { path, missing: why });
      continue;
    }
    const bytes = Number(more);
    const mark = `e ${index}\0`;
    // A length that is a lie does not lead to the next mark.
    if (word !== 'f' || !Number.isSafeInteger(bytes) || bytes < 0) break;
    if (stdout.toString('latin1', at + bytes, at + bytes + mark.length) !== mark) break;
    found.set(index, { path, content: Buffer.from(stdout.subarray(at, at + bytes)) });
    at += bytes + mark.length;
  }
  return paths.map((path, i) => found.get(i + 1) ?? { path, missing: 'the answer did not come to it' });
}
