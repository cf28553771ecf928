const character = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const entity = /&(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);/g;
const token = /<\?xml [^?<>]*\?>|<(\/?)([A-Za-z_][\w.-]*)((?:\s+[A-Za-z_][\w.-]*="[^"<]*")*)\s*(\/?)>|[^<]+/gy;

/** Names of the elements of a document in order; throws where it is not well-formed. What our formats do not use is not known. */
export function elementsOf(xml: string): string[] {
  if (!character.test(xml)) throw new Error('a character that XML 1.0 does not have');
  if (xml.replace(entity, '').includes('&')) throw new Error('a bare ampersand');
  const open: string[] = [];
  const seen: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    if (!match) throw new Error(`not XML: ${xml.slice(at, at + 80)}`);
    const [all, close, name, attributes, empty] = match;
    if (name === undefined) {
      if (open.length === 0 && !all.startsWith('<?') && all.trim() !== '')
        throw new Error('text outside of all elements');
      continue;
    }
    if (close) {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
      continue;
    }
    const names = [...(attributes ?? '').matchAll(/([\w.-]+)="/g)].map((m) => m[1]);
    if (new Set(names).size !== names.length) throw new Error(`${name} has an attribute twice`);
    if (open.length === 0 && seen.length > 0) throw new Error('two roots');
    seen.push(name);
    if (!empty) open.push(name);
  }
  if (open.length > 0 || seen.length === 0) throw new Error(`not closed: ${open.join(' ')}`);
  return seen;
}
