import { printable } from '../core/bytes.ts';
import { printableLines } from './text.ts';

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Text of others as text of XML or HTML, in an element or a quoted attribute. XML 1.0 (2.2) has no control characters, no half
 * surrogates and no U+FFFE or U+FFFF; such stand as the words that printable() makes of them.
 */
export function escaped(text: string): string {
  return marked(printable(text));
}

/** The same of a text in lines. */
export function escapedLines(text: string): string {
  return marked(printableLines(text).join('\n'));
}

function marked(text: string): string {
  return text
    .replace(
      /[\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      (c) => `\\u{${c.charCodeAt(0).toString(16)}}`,
    )
    .replace(/[&<>"']/g, (mark) => entities[mark] ?? '');
}
