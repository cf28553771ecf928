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
  return [...input].map(nameOf);
}

/** A key by the character that a terminal sends for it, as control keys stand among fast typing. */
function nameOf(character: string): string {
  if (character === '\r' || character === '\n') return 'enter';
  if (character === '\t') return 'tab';
  if (character === '\u001b') return 'esc';
  if (character === '\u007f' || character === '\b') return 'backspace';
  return character < ' ' ? `ctrl-${String.fromCharCode(character.charCodeAt(0) + 96)}` : character;
}

/** A key that stands for what is typed. */
export function isText(key: string): boolean {
  return [...key].length === 1;
}
