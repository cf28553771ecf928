import { render } from 'ink-testing-library';
import { describe, expect, it } from 'vitest';
import { advance, Progress, type ProgressState } from '../../src/cli/progress.tsx';
import type { ScanEvent } from '../../src/core/report.ts';

const start: ProgressState = { total: 4, done: 0, running: [], bytes: 0, files: 0, hashed: 0, startedAt: 0 };

describe('progress', () => {
  it('says who is read, how much was hashed and how long it will take', () => {
    const received = new Map<string, number>();
    const events: ScanEvent[] = [
      { type: 'instance-started', instance: 'web-1', at: '' },
      { type: 'instance-started', instance: 'web-\x1b[2J', at: '' },
      { type: 'instance-progress', instance: 'web-1', bytes: 2_000_000 },
      { type: 'instance-progress', instance: 'web-1', bytes: 3_000_000 },
      { type: 'instance-finished', instance: 'web-1', at: '', gaps: 0, files: 7506, bytesHashed: 188_000_000 },
    ];
    const state = events.reduce((s, e) => advance(s, e, received), start);
    const { lastFrame } = render(<Progress state={state} now={10_000} />);
    const line = (lastFrame() ?? '').replaceAll('\n', ' ');
    expect(line).toContain('1/4 scanned');
    expect(line).toContain('3.0 MB read');
    expect(line).toContain('7506 files, 188 MB hashed');
    expect(line).toContain('about 30 s left');
    expect(line).toContain('web-\\x1b[2J');
  });
});
