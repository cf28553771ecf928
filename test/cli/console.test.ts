import { describe, expect, it } from 'vitest';
import { consoleOf, missing } from './console.ts';

const text = `# x
## First
\`\`\`console
$ one --flag
printed 12 at 2026-01-02T03:04:05.678Z

## no heading
...
last word ...
$ two
\`\`\`
## Second
\`\`\`console
$ three
\`\`\`
`;

describe('what a document says of its commands', () => {
  it('is read out of its blocks', () => {
    expect(consoleOf(text, 'First')).toEqual([
      {
        command: 'one --flag',
        output: ['printed 12 at 2026-01-02T03:04:05.678Z', '', '## no heading', '...', 'last word ...'],
      },
      { command: 'two', output: [] },
    ]);
    expect(consoleOf(text, 'Third')).toEqual([]);
  });

  it.each([
    ['printed 9 at 2027-11-12T13:14:15Z\n## no heading\na\nb\nlast word and more', undefined],
    ['printed 9 at 2027-11-12T13:14:15Z\n## no heading\nlast word here', undefined],
    ['printed nine at 2027-11-12T13:14:15Z\n## no heading\nlast word here', 'printed 12 at 2026-01-02T03:04:05.678Z'],
    ['printed 9 at 2027-11-12T13:14:15Z\nlast word here', '## no heading'],
    ['printed 9 at 2027-11-12T13:14:15Z\n## no heading\na', 'last word ...'],
    ['printed 9 at 2027-11-12T13:14:15Z\n## no heading\nlast word here\nmore', '(nothing more, but it prints: more)'],
    ['', 'printed 12 at 2026-01-02T03:04:05.678Z'],
  ])('is compared with what is printed: %j', (printed, expected) => {
    expect(missing(consoleOf(text, 'First')[0]?.output ?? [], printed)).toBe(expected);
  });
});
