import { describe, expect, it } from 'vitest';
import { unifiedDiff } from '../../src/policy/textdiff.ts';

describe('a diff', () => {
  it('is unified, and tells a new file from a changed one', () => {
    expect(unifiedDiff('/etc/a', 'x\ny\n', 'x\nz\n')).toBe(
      '--- image/etc/a\n+++ instance/etc/a\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n',
    );
    expect(unifiedDiff('/etc/a', undefined, 'x\n')).toContain('--- /dev/null\n+++ instance/etc/a\n');
    expect(unifiedDiff('/etc/a', undefined, undefined)).toBeUndefined();
  });

  it.each([
    'password = hunter2',
    'DB_PASSWORD=hunter2',
    'passwd: hunter2',
    'secret_key: "hunter2"',
    'api-key = hunter2',
    'apiKey=hunter2',
    'auth_token: hunter2',
    '"token": "hunter2",',
    'export AWS_SECRET_ACCESS_KEY=hunter2',
    'private_key = hunter2',
  ])('masks the value of %s, on both sides and in the context', (line) => {
    for (const [before, after] of [
      ['', `${line}\n`],
      [`${line}\n`, ''],
      [`${line}\na\n`, `${line}\nb\n`],
    ]) {
      const diff = unifiedDiff('/etc/app.conf', before, after) ?? '';
      expect(diff).toContain('<not shown>');
      expect(diff).not.toContain('hunter2');
    }
  });

  it('gives a terminal nothing to obey, and keeps UTF-8', () => {
    const diff = unifiedDiff('/etc/\x1b[2J', 'a\n', 'caf\xc3\xa9 \x1b[31m\x07\xe2\x80\xae\ttab\n') ?? '';
    expect(diff).toContain('+café \\x1b[31m\\x07\\u{202e}\ttab');
    expect(diff).not.toMatch(/[\x00-\x08\x0b-\x1f\u202e]/);
  });

  it('is given up soon where texts have little in common', () => {
    const before = Array.from({ length: 300 }, (_, i) => `line ${i}`).join('\n');
    const began = performance.now();
    expect(unifiedDiff('/etc/x', before, 'a\n'.repeat(32_000))).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(700);
  });

  it('is cut where nobody reads on', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `line ${i}`).join('\n');
    const diff = unifiedDiff('/etc/a', '', many) ?? '';
    expect(diff.split('\n').length).toBeLessThanOrEqual(201);
    expect(diff).toMatch(/\.\.\. \d+ more lines$/);
    expect((unifiedDiff('/etc/a', '', 'x'.repeat(60_000)) ?? '').length).toBeLessThan(2000);
  });
});
