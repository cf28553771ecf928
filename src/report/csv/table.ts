import { stringify } from 'csv-stringify/sync';
import { printable } from '../../core/bytes.ts';

/** What stands in a cell; nothing where there is nothing to say. */
export type Cell = string | number | undefined;

/**
 * Rows as lines of CSV (RFC 4180: CRLF, quotes doubled). Control characters are escaped. A spreadsheet takes a cell that begins
 * with one of `= + - @` for a formula, quoted or not (OWASP, "CSV injection"): an apostrophe before it makes it text.
 */
export function csvOf(rows: readonly (readonly Cell[])[]): string {
  const shown = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? printable(cell) : cell)));
  // Spreadsheets drop spaces at the ends of a cell that has no quotes.
  return stringify(shown, { record_delimiter: 'windows', escape_formulas: true, quoted_match: /^\s|\s$/ });
}
