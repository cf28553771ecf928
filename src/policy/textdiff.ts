import { createTwoFilesPatch } from 'diff';
import { display, printable } from '../core/bytes.ts';
import { maskLine, maskWords } from '../core/mask.ts';

/** Longest diff in a report, lines and characters: a person reads the begin, a machine has both digests. */
const maxLines = 200;
const maxCharacters = 20_000;

/** Unified diff of two texts (raw latin1), safe to show; undefined when neither side's text is known. */
export function unifiedDiff(path: string, before: string | undefined, after: string | undefined): string | undefined {
  if (before === undefined && after === undefined) return undefined;
  const name = display(path).text;
  const patch = createTwoFilesPatch(
    before === undefined ? '/dev/null' : `image${name}`,
    after === undefined ? '/dev/null' : `instance${name}`,
    decode(before ?? ''),
    decode(after ?? ''),
    undefined,
    undefined,
    // The event loop of all instances waits for it, for each of hundreds of files: beyond this the patch is given up.
    { context: 3, timeout: 250, maxEditLength: 4000 },
  );
  if (patch === undefined) return undefined;
  // The first line is a ruler, not part of the format.
  const lines = patch.split('\n').slice(1).map(safeLine);
  const cut =
    lines.length > maxLines ? [...lines.slice(0, maxLines), `... ${lines.length - maxLines} more lines`] : lines;
  const text = cut.join('\n');
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}\n... cut` : text;
}

function decode(raw: string): string {
  return Buffer.from(raw, 'latin1').toString('utf8');
}

function safeLine(line: string): string {
  const masked = /^(---|\+\+\+) /.test(line) ? line : maskWords(maskLine(line));
  return masked.split('\t').map(printable).join('\t').slice(0, 500);
}
