import { type Line, paragraph } from '../cells.ts';
import { findingOf } from '../index-report.ts';
import type { WaiveForm } from '../state.ts';
import { findingLine } from './instance.ts';
import { textBody, type View } from './view.ts';

/** The fields of a waiver in their order; the last one writes it. */
export const waiveFields = ['owner', 'reason', 'expires', 'ticket', 'scope', 'pin', 'file', 'write it'] as const;

const about: Record<(typeof waiveFields)[number], string> = {
  owner: 'who answers for it',
  reason: 'why it is right, for the one who reads the report; 10 characters or more',
  expires: '14d, 8h, 2w, 2027-01-31 (UTC), or a time with its zone',
  ticket: 'where it was decided; may be empty',
  scope: 'space changes: the one instance, all of its image, or the fleet',
  pin: 'space changes: only this content, a further change alerts again',
  file: 'policy file that it is written into; scan with --policy and its name',
  'write it': 'enter writes it, esc leaves',
};

/** A form for a reviewed exception. */
export const waiveView: View = {
  title: () => 'waive',
  head: (state, screen) => {
    const found = findingOf(state.report, screen.instance, screen.finding);
    return found ? [findingLine(found.finding)] : [];
  },
  body: (_, { form }, width) => textBody(form ? formLines(form, width) : []),
  hints: () => [
    ['tab/enter', 'next field'],
    ['space', 'change'],
    ['ctrl-s', 'write it'],
    ['esc', 'leave'],
  ],
};

function formLines({ values, field, busy, error }: WaiveForm, width: number): Line[] {
  const fields = waiveFields.map((name, i): Line => {
    const value = name === 'write it' ? '' : name === 'pin' ? (values.pin ? 'yes' : 'no') : values[name];
    const here = i === field;
    const label = `${here ? '>' : ' '} ${name.padEnd(10)}`;
    return here
      ? [
          { text: `${label}${value}`, style: 'bold' },
          { text: name === 'write it' ? '' : '▏', style: 'accent' },
        ]
      : [{ text: label, style: 'dim' }, { text: value }];
  });
  const name = waiveFields[field] ?? 'owner';
  return [
    ...fields,
    [],
    ...paragraph(`${name}: ${about[name]}`, width, 'dim'),
    ...(busy ? [[{ text: 'writing...' }]] : []),
    ...(error === '' ? [] : [[], ...error.split('\n').flatMap((line) => paragraph(line, width, 'high'))]),
  ];
}
