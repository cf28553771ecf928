import { printable } from '../../core/bytes.ts';
import { cut } from '../text.ts';

/** Longest text of others that is told, characters. */
const longest = 160;

/**
 * Text of others as code: nothing in it is markup, a mention, a reference or a link. A backtick would end it and a bar would end
 * a cell of a table, in which a backslash before it does not help everywhere: both are told as control characters are.
 */
export function code(text: string, most = longest): string {
  const shown = cut(printable(text), most).replaceAll('`', '\\x60').replaceAll('|', '\\x7c');
  return shown.trim() === '' ? '-' : `\`${shown}\``;
}

/**
 * Text of others as prose. What could be markup, a link or a shortcode becomes character references, which never are; a mention or
 * the number of an issue is looked for in the finished text, so a comment stands within. It must not begin a line.
 */
export function prose(text: string, most = 400): string {
  return cut(printable(text), most)
    .replace(/[\\`*_{}[\]<>#|!~@&$^="]|:(?! )|(?<=www)\./gi, (mark) => `&#${mark.charCodeAt(0)};`)
    .replace(/&#(64|35);/g, '&#$1;<!-- -->');
}

/** Lines in a block of code that none of them can end. */
export function fenced(lines: readonly string[], language: string): string {
  const longestRun = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)));
  const fence = '`'.repeat(longestRun + 1);
  return [`${fence}${language}`, ...lines, fence].join('\n');
}
