import { allOf, type CommandShape, type OptionShape, type Value } from '../shape.ts';

/** A completion for fish 3: to be sourced, or put as snowfence.fish into ~/.config/fish/completions. */
export function fishCompletion(root: CommandShape): string {
  const commands = allOf(root);
  const valued = commands.map(
    ({ path, options }) =>
      `        case ${quote(path)}\n            set valued ${options
        .filter(({ value }) => value)
        .flatMap(({ names }) => names)
        .join(' ')}`,
  );
  const below = commands
    .filter((command) => command.commands.length > 0)
    .map(
      (command) =>
        `        case ${quote(command.path)}\n            set commands ${command.commands.map(({ name }) => name).join(' ')}`,
    );
  return `# fish completion for ${root.name}, by "${root.name} completion fish"

# The command that the words before the cursor lead to, and how many arguments it has.
function __${root.name}_path
    set -l path ${root.name}
    set -l nth 0
    set -l skip 0
    for word in (commandline -opc)[2..]
        set -l commands
        set -l valued
        switch $path
${below.join('\n')}
        end
        switch $path
${valued.join('\n')}
        end
        if test $skip = 1
            set skip 0
        else if string match -q -- '-*' $word
            contains -- $word $valued; and set skip 1
        else if contains -- $word $commands
            set path "$path $word"
        else
            set nth (math $nth + 1)
        end
    end
    echo $path
    echo $nth
end

function __${root.name}_at
    set -l found (__${root.name}_path)
    test "$found[1]" = "$argv[1]"; and begin
        not set -q argv[2]; or test "$argv[2]" = '*'; or test "$found[2]" = "$argv[2]"
    end
end

function __${root.name}_instances
    set -l words (commandline -opc)
    set -l at (contains -i -- --inventory $words); and ${root.name} inventory list --inventory $words[(math $at + 1)] 2>/dev/null | string replace -r ' .*' ''
end

complete -c ${root.name} -f
${commands.map((command) => linesOf(root.name, command)).join('\n')}
`;
}

function linesOf(program: string, { path, commands, options, arguments: all }: CommandShape): string {
  const at = (nth?: string): string =>
    `complete -c ${program} -n ${quote(`__${program}_at ${quote(path)}${nth === undefined ? '' : ` ${quote(nth)}`}`)}`;
  return [
    ...commands.map(({ name, description }) => `${at('0')} -a ${quote(name)} -d ${quote(description)}`),
    ...options.map((option) => `${at()} ${optionFlags(option, program)} -d ${quote(option.description)}`),
    ...all.map(({ variadic, value }, n) => `${at(variadic ? '*' : String(n))} ${values(value, program)}`.trimEnd()),
  ].join('\n');
}

function optionFlags({ names, value }: OptionShape, program: string): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...flags, ...(value ? ['-r', values(value, program)] : [])].join(' ').trimEnd();
}

function values(value: Value, program: string): string {
  switch (value.kind) {
    case 'file':
      return '-F';
    case 'directory':
      return "-x -a '(__fish_complete_directories)'";
    case 'host':
      return "-x -a '(__fish_print_hostnames)'";
    case 'instance':
      return `-x -a '(__${program}_instances)'`;
    case 'other':
      return '-x';
    default:
      return `${value.orFile || value.thenFile ? '-F' : '-x'} -a ${quote(value.words.join(' '))}`;
  }
}

const quote = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
