/** Exit codes: the contract that scripts rely on. */
export const exit = {
  clean: 0,
  findings: 1,
  usage: 2,
  incomplete: 3,
  replacement: 4,
  bug: 70,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof exit)[keyof typeof exit];

const precedence: ExitCode[] = [
  exit.bug,
  exit.usage,
  exit.interrupted,
  exit.terminated,
  exit.replacement,
  exit.findings,
  exit.incomplete,
];

/** The one code a process ends with when several hold: 70 > 2 > interrupted > 4 > 1 > 3 > 0. */
export function worstExit(codes: Iterable<ExitCode>): ExitCode {
  const seen = new Set(codes);
  return precedence.find((code) => seen.has(code)) ?? exit.clean;
}
