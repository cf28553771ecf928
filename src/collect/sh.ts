/**
 * Tag for POSIX sh text in TypeScript: backslashes stay as they are, and `\${x}` is the shell's `${x}`.
 * Takes no values on purpose: nothing is ever interpolated into the program.
 */
export function sh(strings: TemplateStringsArray): string {
  return strings.raw.join('').replaceAll('\\${', '${').replace(/^\n/, '');
}
