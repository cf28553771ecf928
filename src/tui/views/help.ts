import type { Line } from '../cells.ts';
import { textBody, type View } from './view.ts';

/** All keys; docs/audit.md has the same table. */
export const keyTable: readonly (readonly [section: string, keys: readonly (readonly [string, string])[]])[] = [
  [
    'moving',
    [
      ['j k, arrows', 'down, up'],
      ['g G, home end', 'first, last'],
      ['ctrl-d ctrl-u', 'half a page; page keys: a page'],
      ['enter, l, right', 'open'],
      ['esc, h, left', 'back'],
      ['tab, shift-tab', 'next, previous view: fleet, images, changes, replace'],
      ['n N', 'next, previous finding of the instance'],
    ],
  ],
  [
    'finding',
    [
      ['/', 'filter by typing: all words must occur; enter keeps it, esc drops it'],
      ['s r', 'sort by the next key, reverse'],
      ['b', 'group by image, by group, or not at all'],
      ['1-7', 'hide or show verdicts (fleet); 1-5 severities (instance, changes)'],
      ['x', 'show expected and waived differences too'],
      ['0', 'show everything again'],
    ],
  ],
  [
    'doing',
    [
      ['w', 'waive a finding: a form'],
      ['space', 'mark an instance, or all of a group, to be replaced'],
      ['p', 'plan the replacement of the marked (or of all that may be)'],
      ['a', 'approve the plan: type 6 or more characters of its digest'],
      ['y Y', 'copy subject or address; copy a command (OSC 52)'],
      ['e', 'export the report: NAME.json as JSON, any other name as text'],
      ['R', 'scan (again), where instances or a fleet file were named'],
      ['q', 'quit; while something runs, once more interrupts it'],
    ],
  ],
];

/** The table of keys. */
export const helpView: View = {
  title: () => 'help',
  head: () => [],
  body: () => textBody(lines),
  hints: () => [
    ['esc', 'back'],
    ['j/k', 'scroll'],
    ['q', 'quit'],
  ],
};

const lines: readonly Line[] = keyTable.flatMap(([section, keys], i): Line[] => [
  ...(i > 0 ? [[]] : []),
  [{ text: section, style: 'accent' }],
  ...keys.map(([key, what]): Line => [{ text: `  ${key.padEnd(18)}`, style: 'bold' }, { text: what }]),
]);
