/**
 * Names are bytes. In memory they are `latin1` strings (one char = one byte, order = byte order), escaped so that they
 * hold no NUL and no LF. For people and JSON they become UTF-8 text without control characters.
 */

/** Raw latin1 name to canonical key: `\` -> `\\`, LF -> `\n`. */
export function escapeName(raw: string): string {
  return raw.includes('\\') || raw.includes('\n') ? raw.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') : raw;
}

/** Canonical key back to raw latin1 bytes. */
export function unescapeName(key: string): string {
  return key.includes('\\') ? key.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)) : key;
}

const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/;
/** Line feeds are between the parts of JSON, and no other control character of ASCII is in it. */
const unprintableInJson = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const unprintables = new RegExp(unprintable.source, 'g');

/** Makes UTF-8 text safe to show: control, bidi and zero-width characters become `\xNN` or `\u{N}`. */
export function printable(text: string): string {
  if (!unprintable.test(text)) return text;
  return text.replace(unprintables, (c) => {
    const n = c.codePointAt(0) ?? 0;
    return n < 0x100 ? `\\x${n.toString(16).padStart(2, '0')}` : `\\u{${n.toString(16)}}`;
  });
}

/** JSON text that means the same and has nothing in it that a terminal or an eye obeys: what JSON itself leaves as it is becomes an escape. */
export function printableJson(json: string): string {
  if (!unprintableInJson.test(json)) return json;
  return json.replace(/[\u007f-\uffff]/g, (c) =>
    unprintable.test(c) && c !== '\ufffd' ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c,
  );
}

/** What a person sees of a canonical key, and the base64 of the raw bytes when that view loses something. */
export function display(key: string): { text: string; base64?: string } {
  const raw = Buffer.from(unescapeName(key), 'latin1');
  const utf8 = raw.toString('utf8');
  const lossless = Buffer.from(utf8, 'utf8').equals(raw);
  const text = lossless
    ? printable(utf8)
    : printable(raw.toString('latin1').replace(/[\u0080-\u00ff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`));
  return lossless && text === utf8 ? { text } : { text, base64: raw.toString('base64') };
}

/** UTF-8 text (from a manifest file or a policy) to the latin1 form used for keys. */
export function keyOf(text: string): string {
  return escapeName(Buffer.from(text, 'utf8').toString('latin1'));
}
