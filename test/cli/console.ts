/** A command of a document, and what the document says that it prints. */
export interface Shown {
  command: string;
  output: string[];
}

/** A fenced block of a document, below the last heading of the second level. */
export interface Block {
  heading: string;
  language: string;
  lines: string[];
}

/** All fenced blocks of a document; those of lists, which are indented, too. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open = false;
  let heading = '';
  for (const line of markdown.split('\n')) {
    const language = /^ *```(.*)$/.exec(line)?.[1];
    if (language !== undefined) {
      open = !open;
      if (open) blocks.push({ heading, language, lines: [] });
    } else if (open) blocks.at(-1)?.lines.push(line);
    else if (line.startsWith('## ')) heading = line.slice(3);
  }
  return blocks;
}

/** Commands of the `console` blocks below a heading: lines that begin with `$ `, each with the lines that follow it. */
export function consoleOf(markdown: string, heading: string): Shown[] {
  const shown: Shown[] = [];
  for (const block of blocksOf(markdown)) {
    if (block.heading !== heading || block.language !== 'console') continue;
    for (const line of block.lines) {
      if (line.startsWith('$ ')) shown.push({ command: line.slice(2), output: [] });
      else shown.at(-1)?.output.push(line);
    }
  }
  return shown;
}

/** A line without what differs each time: digests, ids, times, numbers, and how far columns are apart. */
export function shapeOfLine(line: string): string {
  return line
    .replaceAll(/sha256:[0-9a-f.]+|SHA256:[A-Za-z0-9+/.]+|\b[0-9a-f]{8,}\b/g, 'HASH')
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, 'TIME')
    .replaceAll(/\d+(\.\d+)*/g, 'N')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** The first line of a document that a command does not print, in order; `...` stands for any lines, `... ` at an end for any words. */
export function missing(output: readonly string[], printed: string): string | undefined {
  const lines = printed
    .trimEnd()
    .split('\n')
    .map(shapeOfLine)
    .filter((line) => line !== '');
  let at = 0;
  let free = false;
  for (const line of output) {
    if (line.trim() === '') continue;
    if (line.trim() === '...') {
      free = true;
      continue;
    }
    const wanted = shapeOfLine(line);
    const fits = (given: string | undefined) =>
      wanted.endsWith(' ...') ? given?.startsWith(wanted.slice(0, -3)) : given === wanted;
    while (free && at < lines.length && !fits(lines[at])) at++;
    if (!fits(lines[at])) return line;
    at++;
    free = false;
  }
  return free || at === lines.length ? undefined : `(nothing more, but it prints: ${lines[at]})`;
}
