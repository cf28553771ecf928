import { posix } from 'node:path';
import { escapeName } from '../core/bytes.ts';
import type { ProcessFact } from '../core/facts.ts';
import type { ProcessTraits } from '../core/running.ts';

/** How an interpreter reads its command line, as far as it takes to find the script. */
interface Interpreter {
  program: RegExp;
  /** Options behind which no script comes: code in the argument, a module, standard input. */
  instead: RegExp;
  /** Options whose value is the next argument. */
  valued: RegExp;
  /** Only what stands behind this option is a script. */
  behind?: string;
}

/** From the manuals of the interpreters: dash(1), bash(1), python(1), perlrun(1), ruby(1), node(1), php(1), java(1). */
const interpreters: readonly Interpreter[] = [
  {
    program: /^(ba|da|a|k|mk|z|c|tc|fi)?sh$|^(busybox.*|rbash)$/,
    instead: /^-[a-z]*[cs]/,
    valued: /^[-+][oO]$|^--(rcfile|init-file)$/,
  },
  { program: /^python[0-9.]*$/, instead: /^-([a-zA-Z]*[cm].*)?$/, valued: /^-[WXQ]$|^--check-hash-based-pycs$/ },
  { program: /^perl[0-9.]*$/, instead: /^-[a-zA-Z0-9]*[eE]/, valued: /^-I$/ },
  { program: /^ruby[0-9.]*$/, instead: /^-[a-z]*e/, valued: /^-[IrCE]$/ },
  {
    program: /^node(js)?$/,
    instead: /^(-[ep]+|-pe|--eval|--print|-)$/,
    valued: /^(-r|--require|--import|--loader|--experimental-loader|-C|--conditions)$/,
  },
  { program: /^php[0-9.]*$/, instead: /^-[rBRES]/, valued: /^-[cdzt]$/ },
  { program: /^java$/, instead: /^(?!)/, valued: /^(-cp|-classpath|--class-path|-p|--module-path)$/, behind: '-jar' },
  { program: /^(lua|tclsh)[0-9.]*$/, instead: /^-e/, valued: /^-l$/ },
];

/** The script that an interpreter runs, among the files that its arguments name; undefined when it runs none. */
export function scriptOf(
  { exe, argv }: ProcessFact,
  files: NonNullable<ProcessTraits['files']>,
): NonNullable<ProcessTraits['files']>[number] | undefined {
  const name = posix.basename(exe);
  const interpreter = interpreters.find(({ program }) => program.test(name));
  if (!interpreter) return undefined;
  let rest = argv.slice(1);
  if (name.startsWith('busybox')) {
    const applet = posix.basename(argv[0] ?? '');
    const shell = applet.startsWith('busybox') ? (rest.shift() ?? '') : applet.replace(/^-/, '');
    if (!/^(ba|a)?sh$/.test(shell)) return undefined;
  }
  const { instead, valued, behind } = interpreter;
  if (behind !== undefined) {
    const at = rest.indexOf(behind);
    if (at < 0) return undefined;
    rest = rest.slice(at + 1);
  }
  for (let i = 0; i < rest.length; i++) {
    const argument = rest[i] ?? '';
    if (instead.test(argument)) return undefined;
    if (valued.test(argument)) i++;
    else if (argument !== '' && !/^[-+]/.test(argument)) {
      const written = escapeName(argument);
      return files.find((file) => file.argument === written);
    }
  }
  return undefined;
}
