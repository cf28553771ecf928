import { readFileSync } from 'node:fs';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';

/** Where in a YAML file something stands. */
export interface Locator {
  /** `file:line:column` of what these keys lead to, or of the nearest that there is above it. */
  of(keys: readonly string[]): string;
  /** A message `FILE: a.b.c ...` with line and column of a.b.c, or of the "word" in it; else with the file alone. */
  placed(message: string): string;
}

/** Reads a file that was proved to be YAML. */
export function locatorOf(path: string): Locator {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined): string => {
    if (offset === undefined) return path;
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  /** Position of the value that a text of keys, joined by dots, begins with. Keys may hold dots themselves. */
  const follow = (text: string): number | undefined => {
    let node: unknown = document.contents;
    let offset: number | undefined;
    for (let rest = text; ; ) {
      const next = childrenOf(node)
        .filter(({ key }) => rest.startsWith(key) && /^([.: ]|$)/.test(rest.slice(key.length)))
        .sort((a, b) => b.key.length - a.key.length)[0];
      if (!next) return offset;
      node = next.node;
      offset = rangeOf(node) ?? offset;
      if (rest[next.key.length] !== '.') return offset;
      rest = rest.slice(next.key.length + 1);
    }
  };
  /** Position of the value that is this word; where it stands more than once, of the second or else the first. */
  const wordAt = (word: string, which: number): number | undefined => {
    const found: (number | undefined)[] = [];
    visit(document, {
      Scalar: (key, node) => {
        if (key !== 'key' && node.value === word) found.push(node.range?.[0]);
      },
    });
    return found[which] ?? found[0];
  };
  return {
    of(keys) {
      let node: unknown = document.contents;
      let offset = rangeOf(node);
      for (const key of keys) {
        node = childrenOf(node).find((child) => child.key === key)?.node;
        if (node === undefined) break;
        offset = rangeOf(node) ?? offset;
      }
      return at(offset);
    },
    placed(message) {
      if (message.startsWith(`${path}:`) && !message.startsWith(`${path}: `)) return message;
      const text = message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
      const [, word, twice] = /"([^"]+)"( stands there twice)?/.exec(text) ?? [];
      const place = follow(text) ?? (word === undefined ? undefined : wordAt(word, twice ? 1 : 0));
      return `${at(place)}: ${text}`;
    },
  };
}

function childrenOf(node: unknown): { key: string; node: unknown }[] {
  if (isSeq(node)) return node.items.map((item, i) => ({ key: String(i), node: item }));
  if (!isMap(node)) return [];
  return node.items.map(({ key, value }) => ({ key: String(isScalar(key) ? key.value : key), node: value }));
}

function rangeOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] } | null)?.range?.[0];
}
