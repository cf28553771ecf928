import { allOf, type CommandShape, type OptionShape, type Value } from '../shape.ts';

/**
 * A completion function for bash 3.2 and later. Bash cuts words at `=` and `:`; they are put together again to be
 * understood, and what is offered is cut as bash cuts it.
 */
export function bashCompletion(root: CommandShape): string {
  const commands = allOf(root);
  return `# bash completion for ${root.name}, by "${root.name} completion bash"
_${root.name}() {
  local cur='' path=${root.name} takes='' inventory='' nth=0 glue='' word i kind words commands options valued args
  local typed=()
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $glue || ( $word == [=:]* && \${#typed[@]} -gt 0 ) ]]; then typed[\${#typed[@]}-1]+=$word
    else typed+=("$word"); fi
    glue=''
    [[ $word == *[=:] ]] && ((i < COMP_CWORD)) && glue=1
  done
  for ((i = 0; i < \${#typed[@]} - 1; i++)); do
    word=\${typed[i]}
    _${root.name}_at "$path"
    if [[ -n $takes ]]; then
      [[ $takes == --inventory ]] && inventory=$word
      takes=''
    elif [[ $word == --inventory=* ]]; then inventory=\${word#*=}
    elif [[ $word == -* ]]; then
      [[ $valued == *" $word "* ]] && takes=$word
    elif [[ $commands == *" $word "* ]]; then path="$path $word"
    else ((nth++)); fi
  done
  ((\${#typed[@]})) && cur=\${typed[\${#typed[@]}-1]}
  # Quotes are taken off and nothing is evaluated: a Tab must not run what is being typed.
  inventory=\${inventory//[\\\\\\"\\']/}
  [[ $inventory == '~/'* ]] && inventory=$HOME/\${inventory#*/}
  _${root.name}_at "$path"
  local whole=$cur
  if [[ -z $takes && $cur == --*=* ]]; then takes=\${cur%%=*} cur=\${cur#*=}; fi
  kind='' words=''
  if [[ -n $takes ]]; then _${root.name}_value "$path $takes"
  elif [[ $cur == -* ]]; then words=$options
  elif [[ -n \${commands// } ]]; then words=$commands
  else _${root.name}_argument "$path" "$nth"; fi
  if [[ $kind == *thenfile* && $cur == *=* ]]; then cur=\${cur#*=} kind=file words=''; fi
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
    [[ -n $words ]] && compgen -W "$words" -- "$cur"
    case $kind in
      *orfile*) compgen -f -- "\${cur#*:}" ;;
      file) compgen -f -- "$cur" ;;
      directory) compgen -d -- "$cur" ;;
      host) compgen -A hostname -- "$cur" ;;
      instance) _${root.name}_instances "$inventory" "$cur" ;;
    esac
  )
  # readline quotes names of files where it is told that they are; bash 3 cannot be told.
  case $kind in
    file | directory | *orfile*)
      compopt -o filenames 2>/dev/null || for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=$(printf %q "\${COMPREPLY[i]}"); done ;;
  esac
  # Words that bash cuts before the cursor are not replaced: only what is behind the last = or : is given back.
  if [[ $cur == "$whole" && $cur == *[=:]* ]]; then
    local before=\${cur%"\${cur##*[=:]}"}
    for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#"$before"}; done
  fi
}

# Instances of a fleet file that begin so, quoted: their names are not ours, and compgen -W would run what is in them.
_${root.name}_instances() {
  local name
  [[ -n $1 ]] && while IFS= read -r name; do
    [[ $name == "$2"* ]] && printf '%q\\n' "$name"
  done < <(${root.name} inventory list --inventory "$1" 2>/dev/null | cut -d' ' -f1)
}

# What may follow a command: commands, options, and which of the options take a value.
_${root.name}_at() {
  commands=' ' options='' valued=' '
  case $1 in
${commands.map(atCase).join('\n')}
  esac
}

# What the value of an option may be.
_${root.name}_value() {
  case $1 in
${commands.flatMap(({ path, options }) => options.flatMap((option) => valueCase(path, option))).join('\n')}
  esac
}

# What the Nth argument of a command may be.
_${root.name}_argument() {
  case "$1 $2" in
${commands
  .flatMap(({ path, arguments: all }) =>
    all.map(({ value, variadic }, n) => `    '${path} '${variadic ? '*' : n}) ${sets(value)} ;;`),
  )
  .join('\n')}
  esac
}

complete -F _${root.name} ${root.name}
`;
}

function atCase({ path, commands, options }: CommandShape): string {
  const names = options.flatMap((option) => option.names);
  const valued = options.filter(({ value }) => value).flatMap((option) => option.names);
  const below = commands.map(({ name }) => `${name} `).join('');
  return `    '${path}') commands=' ${below}' options='${names.join(' ')}' valued=' ${valued.map((name) => `${name} `).join('')}' ;;`;
}

function valueCase(path: string, { names, value }: OptionShape): string[] {
  if (!value || value.kind === 'other') return [];
  return [`    ${names.map((name) => `'${path} ${name}'`).join(' | ')}) ${sets(value)} ;;`];
}

function sets(value: Value): string {
  if (value.kind !== 'words') return `kind=${value.kind === 'other' ? "''" : value.kind}`;
  const kind = value.orFile ? 'orfile' : value.thenFile ? 'thenfile' : '';
  return `words='${value.words.join(' ')}' kind='${kind}'`;
}
