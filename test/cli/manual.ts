import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type CommandShape, shapeOf } from '../../src/cli/shape.ts';
import { exit } from '../../src/core/exit.ts';
import { root } from '../house/rooms.ts';

/** Text that troff takes as it is: no escapes, no requests, ASCII only. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll(/[^\x20-\x7e\n]/gu, (c) => `\\[u${c.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`)
    .replaceAll(/^(?=[.])/gm, '\\&');
}

const bold = (text: string): string => `\\fB${plain(text)}\\fR`;
const item = (head: string, text: string): string => `.TP\n${head}\n${plain(text)}`;
const verbatim = (text: string): string => `.PP\n.nf\n${plain(text)}\n.fi`;

/** What --help says after the options. */
function afterHelp(command: Command): string {
  let said = '';
  command.configureOutput({
    writeOut: (text) => {
      said += text;
    },
  });
  command.outputHelp();
  return said.slice(command.helpInformation().length).trim();
}

function section(shape: CommandShape, command: Command): string[] {
  const below = shape.commands.flatMap((child) => {
    const found = command.commands.find((one) => one.name() === child.name);
    return found ? section(child, found) : [];
  });
  const options = shape.options.filter(({ names }) => !names.includes('--help'));
  const after = afterHelp(command);
  const own = [
    `.SS ${plain(shape.path)}`,
    `${bold(shape.path)} ${plain(shape.usage)}`,
    '.PP',
    plain(`${shape.description.charAt(0).toUpperCase()}${shape.description.slice(1)}.`),
    ...options.map(({ flags, description }) => item(bold(flags), description)),
    ...(after === '' ? [] : [verbatim(after)]),
  ];
  // What only gathers others needs no section, unless it has something to say.
  return shape.commands.length > 0 && after === '' ? below : [...own, ...below];
}

/** Rows of the table below a heading of docs/configuration.md, which is where they are kept. */
function table(heading: string): [string, string][] {
  const text = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
  const part = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = [...part.matchAll(/^\| (`.*?) \| (.*) \|$/gm)];
  return rows.map(([, name = '', about = '']) => [name.replaceAll('`', ''), about.replaceAll('`', '')]);
}

/** Names of the variables that are documented. */
export function variables(): string[] {
  return table('Environment').flatMap(([names]) => names.match(/[A-Z][A-Z_]+/g) ?? []);
}

const codes: Readonly<Record<keyof typeof exit, string>> = {
  clean: 'all was read, nothing at or above --fail-on',
  findings: 'findings',
  usage: 'usage or configuration; nothing was contacted',
  incomplete: 'no finding, but an instance or a probe could not be read',
  replacement: 'a replacement was refused or failed',
  bug: 'a bug',
  interrupted: 'interrupted (SIGINT); the report is partial and says so',
  terminated: 'the same by SIGTERM',
};

/** The manual page, man(7). */
export function manualPage(program: Command, version: string): string {
  const shape = shapeOf(program);
  const [about = ''] = [program.description()];
  const commands = program.commands.flatMap((command) => {
    const child = shape.commands.find(({ name }) => name === command.name());
    return child ? section(child, command) : [];
  });
  const examples = /Examples:\n([\s\S]*?)\n\n/.exec(`${afterHelp(program)}\n\n`)?.[1] ?? '';
  const lines = [
    '.\\" Made of the tree of commands: UPDATE_DOCS=1 npx vitest run test/cli/manual.test.ts',
    `.TH SNOWFENCE 1 "" "snowfence ${version}" "User Commands"`,
    '.SH NAME',
    plain('snowfence - find servers that differ from their image, and replace them'),
    '.SH SYNOPSIS',
    `${bold('snowfence')} \\fIcommand\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]`,
    '.SH DESCRIPTION',
    plain(about),
    '.PP',
    plain('Instances are ssh://[user@]host[:port], ssm://ID, docker://CONTAINER, local: and rootfs:DIR.'),
    plain('Standard output carries the result and nothing else; messages go to standard error.'),
    '.SH COMMANDS',
    ...commands,
    '.SH EXIT STATUS',
    ...Object.entries(codes).map(([name, text]) => item(bold(String(exit[name as keyof typeof exit])), text)),
    '.SH FILES',
    ...table('Files').map(([name, text]) => item(`\\fI${plain(name)}\\fR`, text)),
    '.SH ENVIRONMENT',
    ...table('Environment').map(([name, text]) => item(bold(name), text)),
    '.SH EXAMPLES',
    verbatim(examples),
    '.SH SEE ALSO',
    '.BR ssh (1),',
    '.BR ssh_config (5),',
    '.BR sudoers (5),',
    '.BR crontab (5)',
  ];
  return `${lines.join('\n')}\n`;
}
