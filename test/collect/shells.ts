import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeProgram } from '../../src/collect/program.ts';
import { probes } from '../../src/collect/registry.ts';
import { readAnswer } from '../../src/collect/run.ts';
import type { Draft } from '../../src/core/draft.ts';
import type { Answer, ProgramArguments } from '../../src/core/ports.ts';

export const program = composeProgram(Object.values(probes));

export interface Shell {
  name: string;
  command: string[];
  missing: boolean;
}

/** The shells that the program must run under. */
export const shells: Shell[] = [
  { name: 'dash', command: ['dash'] },
  { name: 'bash --posix', command: ['bash', '--posix'] },
  { name: 'busybox ash', command: ['busybox', 'ash'] },
  { name: 'mksh', command: ['mksh'] },
  { name: 'ksh93', command: ['ksh93'] },
].map((shell) => ({ ...shell, missing: spawnSync(shell.command[0] ?? '', ['-c', ':']).error !== undefined }));

/** The awks that the program must go well with: Debian's, those of Red Hat and SUSE, Alpine's, and the BSDs'. */
export const awks = [['mawk'], ['gawk'], ['gawk', '--posix'], ['original-awk'], ['busybox', 'awk']].map((command) => ({
  name: command.join(' '),
  command,
  missing: spawnSync(command[0] ?? '', [...command.slice(1), 'BEGIN{}']).error !== undefined,
}));

export const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path));

/**
 * The program where every tool is busybox's: its fixed PATH is replaced by a directory of links to busybox. The only
 * change; an assertion proves that it took hold.
 */
export function busyboxProgram(directory: string): string {
  if (!busybox) throw new Error('there is no busybox');
  mkdirSync(directory, { recursive: true });
  const applets = spawnSync(busybox, ['--list'], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  for (const applet of applets) symlinkSync(busybox, join(directory, applet));
  return lookingIn(directory);
}

/** Makes `awk` another one, in an empty directory; gives the path to look for tools in. */
export function plantAwk(directory: string, command: string[]): string {
  writeFileSync(join(directory, 'awk'), `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`, { mode: 0o755 });
  return `${directory}:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin`;
}

/** The program with another path for its tools; the only change. */
export function lookingIn(path: string, text = program): string {
  const own = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin;';
  if (!text.includes(own)) throw new Error('the program sets its PATH in another way');
  return text.replace(own, `PATH=${path};`);
}

/** Runs a program as a transport does and keeps the raw answer. */
export function answerOf(command: string[], text: string, args: ProgramArguments): Answer {
  const [file = '', ...rest] = command;
  const { stdout, stderr, status, error } = spawnSync(
    file,
    [...rest, '-s', '--', args.root, args.mode, String(args.since), ...(args.skip ?? [])],
    { input: text, cwd: '/', maxBuffer: 1 << 28, timeout: 110_000 },
  );
  if (error) throw error;
  return { stdout, stderr: stderr.toString(), exitCode: status, ended: 'exit' };
}

/** The same, read. */
export function draftOf(command: string[], text: string, args: ProgramArguments): Draft {
  return readAnswer(answerOf(command, text, args), Object.values(probes), args);
}

/** `key -> value` of the file lines. */
export function filesOf(draft: Draft): Map<string, string> {
  return new Map(
    draft.fileLines.map((line) => {
      const nul = line.indexOf('\0');
      return [line.slice(0, nul), line.slice(nul + 1)];
    }),
  );
}
