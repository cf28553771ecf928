import type { Argument, Command, Option } from 'commander';

/** What may stand where a value is wanted. */
export type Value =
  | { kind: 'file' | 'directory' | 'host' | 'instance' | 'other' }
  /** One of these words; `orFile`: or a file. `thenFile`: word=FILE too. */
  | { kind: 'words'; words: string[]; orFile?: boolean; thenFile?: boolean };

/** An option: all its names, and its value where it takes one. */
export interface OptionShape {
  names: string[];
  /** As `--help` writes it: `-i, --identity <file>`. */
  flags: string;
  description: string;
  value?: Value;
}

/** A positional argument. */
export interface ArgumentShape {
  name: string;
  variadic: boolean;
  value: Value;
}

/** A command as shells and the manual page see it. */
export interface CommandShape {
  /** With those above it: `snowfence manifest create`. */
  path: string;
  name: string;
  description: string;
  /** What follows the path, as `--help` writes it. */
  usage: string;
  options: OptionShape[];
  arguments: ArgumentShape[];
  commands: CommandShape[];
}

/** The shape of a command and of all below it, in the order of `--help`. */
export function shapeOf(command: Command, above = ''): CommandShape {
  const help = command.createHelp();
  const path = `${above}${command.name()}`;
  return {
    path,
    name: command.name(),
    description: command.description(),
    usage: command.usage(),
    options: help.visibleOptions(command).map(optionShape),
    arguments: command.registeredArguments.map(argumentShape),
    commands: help.visibleCommands(command).map((child) => shapeOf(child, `${path} `)),
  };
}

/** A command and all below it. */
export function allOf(shape: CommandShape): CommandShape[] {
  return [shape, ...shape.commands.flatMap(allOf)];
}

function optionShape(option: Option): OptionShape {
  const value = /[<[](.+?)[\]>]+$/.exec(option.flags)?.[1];
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    flags: option.flags,
    description: withChoices(option),
    ...(value === undefined ? {} : { value: optionValue(option, value) }),
  };
}

/** The description with what else `--help` says: choices and the default. */
function withChoices({ description, argChoices, defaultValue, defaultValueDescription, negate }: Option): string {
  const shown = defaultValueDescription ?? (typeof defaultValue === 'object' ? undefined : defaultValue);
  const more = [
    ...(argChoices ? [argChoices.join(', ')] : []),
    ...(shown === undefined || typeof shown === 'boolean' || negate ? [] : [`default ${shown}`]),
  ];
  return more.length === 0 ? description : `${description} (${more.join('; ')})`;
}

function optionValue({ argChoices, long }: Option, name: string): Value {
  if (argChoices) return { kind: 'words', words: argChoices, ...(name.includes('=file') ? { thenFile: true } : {}) };
  if (long === '--only') return { kind: 'instance' };
  if (long === '--host' || long === '--jump') return { kind: 'host' };
  return { kind: name === 'file' ? 'file' : name === 'dir' ? 'directory' : 'other' };
}

function argumentShape(argument: Argument): ArgumentShape {
  return { name: argument.name(), variadic: argument.variadic, value: positional(argument, argument.name()) };
}

const sources = ['rootfs:', 'docker-archive:', 'oci:', 'oci-layout:', 'docker-image:', 'ssh://', 'docker://', 'local:'];

function positional({ argChoices }: Argument, name: string): Value {
  if (argChoices) return { kind: 'words', words: argChoices };
  if (/^DIR$/.test(name)) return { kind: 'directory' };
  if (name === 'INSTANCE') return { kind: 'host' };
  if (name === 'SOURCE') return { kind: 'words', words: sources, orFile: true };
  if (/SCAN/.test(name)) return { kind: 'words', words: ['last', 'last~1'], orFile: /FILE/.test(name) };
  if (name === 'RUN') return { kind: 'words', words: ['last'] };
  return { kind: /file|manifest|cases|^[AB]$/i.test(name) ? 'file' : 'other' };
}
