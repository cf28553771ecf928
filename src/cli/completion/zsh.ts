import { allOf, type CommandShape, type OptionShape, type Value } from '../shape.ts';

/** A completion for zsh: to be sourced, or put as `_snowfence` into a directory of $fpath. */
export function zshCompletion(root: CommandShape): string {
  return `#compdef ${root.name}
# zsh completion for ${root.name}, by "${root.name} completion zsh"

${allOf(root).map(functionOf).join('\n')}
# Instances of the fleet file that is named on the line.
_${root.name}_instances() {
  local -a names
  local at=\${words[(I)--inventory]}
  (( at )) || return 1
  # Quotes are taken off and nothing is evaluated: a Tab must not run what is being typed.
  local file=\${(Q)words[at+1]}
  [[ $file == '~/'* ]] && file=$HOME/\${file#*/}
  names=(\${\${(f)"$(${root.name} inventory list --inventory "$file" 2>/dev/null)"}%% *})
  compadd -a names
}

if [[ \${funcstack[1]} == _${root.name} ]]; then _${root.name} "$@"; else compdef _${root.name} ${root.name}; fi
`;
}

const nameOf = (path: string): string => `_${path.replaceAll(/[ -]/g, '_')}`;

function functionOf({ path, commands, options, arguments: all }: CommandShape): string {
  const specs = options.map((option) => optionSpec(option, path));
  if (commands.length === 0) {
    const args = all.map(({ name, variadic, value }, n) =>
      quote(`${variadic ? '*' : `${n + 1}:`}:${literal(name)}:${action(value, path)}`),
    );
    return `${nameOf(path)}() {\n  _arguments -S \\\n${[...specs, ...args].map((spec) => `    ${spec}`).join(' \\\n')}\n}\n`;
  }
  const list = commands.map(({ name, description }) => quote(`${literal(name)}:${description}`));
  const cases = commands.map(({ name, path: below }) => `        ${name}) ${nameOf(below)} ;;`);
  return `${nameOf(path)}() {
  local curcontext=$curcontext state line ret=1
  local -a commands
  typeset -A opt_args
  _arguments -C -S \\
${specs.map((spec) => `    ${spec} \\`).join('\n')}
    '1: :->command' '*:: :->below' && ret=0
  case $state in
    command)
      commands=(
${list.map((item) => `        ${item}`).join('\n')}
      )
      _describe -t commands command commands && ret=0 ;;
    below)
      case $words[1] in
${cases.join('\n')}
      esac && ret=0 ;;
  esac
  return ret
}
`;
}

function optionSpec({ names, description, value }: OptionShape, path: string): string {
  const about = `[${literal(description).replaceAll(/[[\]]/g, '\\$&')}]`;
  const tail = value ? `:value:${action(value, path)}` : '';
  // Repeatable or not is for the command to say.
  const form = (name: string): string => quote(`*${name}${value && name.startsWith('--') ? '=' : ''}${about}${tail}`);
  return names.map(form).join(' ');
}

function action(value: Value, path: string): string {
  const root = path.split(' ')[0] ?? '';
  switch (value.kind) {
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'host':
      return '_hosts';
    case 'instance':
      return `_${root}_instances`;
    case 'other':
      return ' ';
    default: {
      const words = `compadd -- ${value.words.join(' ')}`;
      if (value.thenFile) return `{ if compset -P "*="; then _files; else ${words}; fi }`;
      return value.orFile ? `{ ${words}; compset -P "*:"; _files }` : `(${value.words.join(' ')})`;
    }
  }
}

const literal = (text: string): string => text.replaceAll(/[\\:]/g, '\\$&');
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
