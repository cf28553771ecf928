import { afterAll, beforeAll, expect, it } from 'vitest';
import { build, Desk, launcher } from '../cli/run.ts';
import { must } from './exec.ts';
import { describeLab } from './require.ts';

const lines: [string, string[], string[]][] = [
  ['snowfence sc', ['scan', 'schema'], ['audit']],
  ['snowfence manifest ', ['create', 'show', 'diff', 'list', 'add'], ['scan']],
  ['snowfence scan --depth ', ['full', 'quick', 'metadata'], ['fleet.yaml']],
  ['snowfence scan --inv', ['--inventory'], ['--image']],
  ['snowfence scan --format js', ['json'], ['sarif']],
  ['snowfence scan --inventory fl', ['fleet.yaml'], ['policy.yaml']],
  ['snowfence manifest create --image show --lab', ['--label'], ['--files']],
  ['snowfence replace plan --inventory fleet.yaml --only ', ['web-1', 'db-1'], ['fleet.yaml']],
  ['snowfence completion ', ['bash', 'zsh', 'fish'], ['fleet.yaml']],
];

/** Takes lines, each with a word that is to be offered for it. Types each line and a Tab into a real zsh on a terminal of its own, and prints what the screen got. */
const zsh = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PROMPT="> "; LISTMAX=999; autoload -Uz compinit; compinit -u -D; source ./complete.zsh'
# Said by the editor itself: a Tab that comes before it has the terminal is no key of its.
zpty -w z 'bindkey "^I" list-choices; zle-line-init() { print -n RE"ADY"; }; zle -N zle-line-init'
zpty -r z before '*READY*'
for line word in "$@"; do
  zpty -w -n z "$line"$'\\t'
  screen=
  # Until nothing more comes behind the first of what is offered; a busy machine takes its time to offer something.
  for ((quiet = 0; quiet < 150;)); do
    if zpty -rt z part; then screen+=$part quiet=0; else sleep 0.1; ((quiet++)); fi
    [[ $screen == *$word* ]] && ((quiet > 10)) && break
  done
  zpty -w -n z $'\\x15'
  sleep 0.1
  while zpty -rt z part; do :; done
  print -r -- "$screen"
  print -r -- '=-=-='
done
zpty -d z`;

describeLab('completion in other shells', () => {
  const desk = new Desk();
  let env: Record<string, string>;
  beforeAll(async () => {
    build();
    desk.write('fleet.yaml', 'hosts: [web-1, web-2, db-1]\n');
    desk.write('policy.yaml', '');
    const path = desk.write('bin/snowfence', `#!/bin/sh\nexec '${process.execPath}' '${launcher}' "$@"\n`);
    await must('chmod', ['755', path]);
    for (const shell of ['zsh', 'fish']) desk.write(`complete.${shell}`, (await desk.run('completion', shell)).stdout);
    env = { ...(desk.env as Record<string, string>), PATH: `${desk.path}/bin:${process.env['PATH']}`, TERM: 'xterm' };
  }, 120_000);
  afterAll(() => desk.remove());

  it.each(lines)('fish offers for "%s" %j', async (line, offered, not) => {
    const script = 'source complete.fish; complete -C $argv[1]';
    const said = await must('fish', ['--no-config', '-c', script, line], { env, cwd: desk.path });
    const names = said.split('\n').map((row) => row.split('\t')[0]);
    for (const name of offered) expect(names).toContain(name);
    for (const name of not) expect(names).not.toContain(name);
  });

  it('zsh offers the same', { timeout: 120_000 }, async () => {
    const words = lines.flatMap(([line, [word = '']]) => [line, word]);
    const said = await must('zsh', ['-f', '-c', zsh, 'zsh', ...words], { env, cwd: desk.path, timeout: 100_000 });
    const screens = said.split('=-=-=\n');
    for (const [i, [line, offered, not]] of lines.entries()) {
      // What is behind the line that was typed, without what moves the cursor.
      const list = (screens[i] ?? '').replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '').split(line.trimEnd())[1] ?? '';
      const names = list.split(/\s+/);
      expect([line, offered.filter((name) => !names.includes(name))]).toEqual([line, []]);
      expect([line, not.filter((name) => names.includes(name))]).toEqual([line, []]);
    }
  });
}, ['zsh', 'fish']);
