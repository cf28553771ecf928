import { printable } from '../../core/bytes.ts';
import type { Clock } from '../../core/schedule.ts';

export type Level = 'info' | 'warn' | 'error';
export type Fields = Readonly<Record<string, unknown>>;

/** Writes one line: a JSON object with `time`, `level`, `msg` and what else is known. */
export type Log = (level: Level, msg: string, fields?: Fields) => void;

/** A log of JSON lines. Text is made printable: a line may be read on a terminal, and holds what targets and sinks said. */
export function jsonLog(write: (line: string) => void, clock: Clock, always: Fields): Log {
  return (level, msg, fields = {}) => {
    const line = { time: new Date(clock.now()).toISOString(), level, msg, ...fields, ...always };
    write(`${JSON.stringify(line, (_, value) => (typeof value === 'string' ? printable(value) : value))}\n`);
  };
}

/** What is written as text for people, as lines of the log. */
export function logged(log: Log, fields: Fields): { write(text: string): boolean } {
  return {
    write(text) {
      for (const line of text.split('\n')) if (line.trim() !== '') log('info', line.trim(), fields);
      return true;
    },
  };
}
