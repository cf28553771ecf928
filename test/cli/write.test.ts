import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { writeFile, writeStream } from '../../src/cli/write.ts';

const place = mkdtempSync(join(tmpdir(), 'snowfence-write-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

function* failing(): Iterable<string> {
  yield 'x'.repeat(200_000);
  throw new Error('the renderer failed');
}

describe('a result in a file', () => {
  it('is never half: what stood there stays, and nothing is left beside it', () => {
    const path = join(place, 'report.json');
    writeFileSync(path, 'before');
    expect(() => writeFile(path, failing())).toThrow('the renderer failed');
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(place)).toEqual(['report.json']);
    writeFile(path, ['after', '!']);
    expect(readFileSync(path, 'utf8')).toBe('after!');
    expect(readdirSync(place)).toEqual(['report.json']);
  });

  it('that the disk refuses is told as such', () => {
    expect(() => writeFile('/dev/full', ['x'])).toThrow(/cannot write \/dev\/full: ENOSPC/);
    expect(() => writeFile(join(place, 'no', 'x'), ['x'])).toThrow(/cannot write .*ENOENT/);
  });
});

describe('a result for a slow reader', () => {
  it('is made no faster than it is read', async () => {
    let [made, read, ahead] = [0, 0, 0];
    const slow = new Writable({
      highWaterMark: 65_536,
      write(chunk: Buffer, _, done) {
        void sleep(1).then(() => {
          read += chunk.length;
          done();
        });
      },
    });
    function* chunks(): Iterable<string> {
      for (let i = 0; i < 200; i++) {
        made += 50_000;
        ahead = Math.max(ahead, made - read);
        yield 'x'.repeat(50_000);
      }
    }
    await writeStream(slow as unknown as NodeJS.WriteStream, chunks());
    expect(made).toBe(10_000_000);
    expect(ahead).toBeLessThan(400_000);
  });

  it('ends where the reader went away', async () => {
    const gone = new Writable({ highWaterMark: 10, write: () => {} });
    const written = writeStream(gone as unknown as NodeJS.WriteStream, ['x'.repeat(70_000), 'y'.repeat(70_000)]);
    gone.destroy();
    await written;
  });
});
