import { instanceOf } from '../finding-rows.ts';
import { gapText } from './instance.ts';
import { textBody, type View } from './view.ts';

/** Something that could not be read, and why. */
export const gapView: View = {
  title: () => 'not read',
  head: () => [],
  body(state, screen, width) {
    const gap = instanceOf(state, screen)?.gaps[screen.at ?? 0];
    return textBody(gap ? gapText(gap, width) : []);
  },
  hints: () => [
    ['esc', 'back'],
    ['y', 'copy'],
    ['?', 'help'],
  ],
};
