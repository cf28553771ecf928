import type { Key } from 'ink';

/** Names of keys that are no character. */
export const namedKeys = [
  ...['up', 'down', 'left', 'right', 'pgup', 'pgdn', 'home', 'end', 'enter', 'esc', 'tab', 'backtab', 'backspace'],
  ...['ctrl-c', 'ctrl-d', 'ctrl-u', 'ctrl-s'],
] as const;

const flags: readonly (readonly [keyof Key, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pgup'],
  ['pageDown', 'pgdn'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
];

/**
 * Keys as the reducer knows them: a name (`up`, `enter`, `ctrl-c`) or one character. Fast typing comes as several at once, and
 * escape with what follows it at once as "meta": we have no such keys, so it is escape and then the other.
 */
export function keysOf(input: string, key: Key): string[] {
  return key.meta && !key.escape ? ['esc', ...plainKeys(input, key)] : plainKeys(input, key);
}

function plainKeys(input: string, key: Key): string[] {
  if (key.tab) return [key.shift ? 'backtab' : 'tab'];
  const named = flags.find(([flag]) => key[flag])?.[1];
  if (named !== undefined) return [named];
  if (key.ctrl) return [`ctrl-${input}`];
  return [...input].flatMap((c) => {
    if (c === '\r' || c === '\n') return ['enter'];
    return c === '\t' ? ['tab'] : c < ' ' || c === '\u007f' ? [] : [c];
  });
}

/** A key that stands for what is typed. */
export function isText(key: string): boolean {
  return [...key].length === 1;
}
