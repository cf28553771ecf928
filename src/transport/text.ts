import { printable } from '../core/bytes.ts';

/** What a server said, fit for a message: one line, nothing that a terminal obeys, at most `length` characters. */
export function saying(text: string, length = 200): string {
  const line = printable(text.trim().replace(/\s*[\r\n]+\s*/g, ' '));
  return line.length > length ? `${line.slice(0, length)}...` : line;
}

/** Milliseconds for a person. */
export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Number((ms / 1000).toFixed(1))} s`;
}

/** `host:port`, with brackets where they are needed. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
