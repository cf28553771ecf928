import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../house/rooms.ts';
import { must, run } from './exec.ts';
import { describeLab } from './require.ts';

const page = join(root, 'docs/snowfence.1');

describeLab('the manual page', () => {
  it('has nothing that groff or man would warn of', async () => {
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', MANWIDTH: '80', MAN_KEEP_FORMATTING: '' };
    for (const device of ['ascii', 'utf8', 'ps']) {
      const { code, stderr } = await run('groff', ['-man', '-ww', '-z', `-T${device}`, page], { env });
      expect([device, code, stderr]).toEqual([device, 0, '']);
    }
    const shown = await run('man', ['--warnings=w', '-l', page], { env });
    expect([shown.code, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout).toContain('snowfence manifest create [options] <SOURCE>');
  });

  it('shows examples as they are typed', async () => {
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', MANWIDTH: '200' };
    const text = await must('man', ['-l', page], { env });
    expect(text).toContain("snowfence init --host 'web-*' --user scanner --sudo");
    expect(text).toContain('source <(snowfence completion bash)');
  });
}, ['groff', 'man']);
