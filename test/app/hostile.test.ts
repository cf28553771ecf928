import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { json } from '../../src/report/json/render.ts';
import { ndjson } from '../../src/report/ndjson/render.ts';
import { text } from '../../src/report/text/render.ts';
import {
  type Evil,
  type EvilOptions,
  makeTruth,
  pours,
  type Scanned,
  says,
  scanEvil,
  type Truth,
  withFrame,
} from './evil.ts';

vi.stubEnv('SSH_AUTH_SOCK', '');

let truth: Truth;
beforeAll(() => {
  truth = makeTruth();
});
afterAll(() => truth.dir.remove());

const raw: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of raw.splice(0)) server.close();
});

/** A port where something answers that is no SSH server. */
async function port(serve: (socket: Socket) => void): Promise<Evil> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  raw.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port };
}

/** The honest host of the same scan is judged as ever; what a terminal and a program read of the report is harmless. */
function unharmed(result: Scanned): void {
  expect([result.of('good').verdict, result.of('good').gaps, result.of('good').findings]).toEqual(['clean', [], []]);
  const options = { color: false, all: true };
  const shown = [...text.render(result.report, options)].join('');
  expect(shown).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  expect(JSON.parse([...json.render(result.report, options)].join(''))).toEqual(
    JSON.parse(JSON.stringify(result.report)),
  );
  for (const line of ndjson.render(result.report, options)) expect(typeof JSON.parse(line)).toBe('object');
}

async function alone(evil: Evil, options: EvilOptions = {}) {
  const result = await scanEvil(truth, { evil }, options);
  unharmed(result);
  const one = result.of('evil');
  const removed = one.findings.filter((finding) => finding.change === 'removed').map((finding) => finding.subject);
  return { ...result, one, removed, gaps: [...new Set(one.gaps.map((gap) => `${gap.probe} ${gap.reason}`))] };
}

const files = (make: (frame: string) => string) => says(withFrame(truth.answer, 'files', make));
const meta = (path: string, type = 'f') => `m ${type} 644 0 0 5 0 @ROOT@${path}\0>\0`;
const zero = '\0'.repeat(32);
const entry = (path: string) => `F 1\0${meta(path)}H 1 b\0${zero}h 0\0~ ~\0`;
/** Records with the root that the answer is about, which is not known yet when tests are named. */
const below = (records: string) => records.replaceAll('@ROOT@', truth.root);
/** Stands before the end of the walk. */
const also = (records: string) => files((frame) => frame.replace(/W 0\0$/, () => `${below(records)}W 0\0`));

it('a host that tells the truth is clean', async () => {
  const { code, one } = await alone(says(truth.answer));
  expect([code, one.verdict]).toEqual([0, 'clean']);
});

it('output without end', async () => {
  const chunk = Buffer.alloc(65_536, 'x');
  let begun = false;
  const evil = pours(() => {
    const next = begun ? chunk : truth.answer.subarray(0, truth.answer.length / 2);
    begun = true;
    return next;
  });
  const { code, one, gaps, removed } = await alone(evil, { limits: { maxBytes: 4_000_000 } });
  expect([code, one.verdict, removed]).toEqual([3, 'incomplete', []]);
  expect(gaps.every((gap) => gap.endsWith(' limit'))).toBe(true);
});

it.each([0, 0.1, 0.3, 0.6, 0.99])(
  'output that stops half-way, with an exit status of 0 (after %d of it)',
  async (n) => {
    const { code, one, removed } = await alone(says(truth.answer.subarray(0, truth.answer.length * n)));
    expect([code, removed]).toEqual([3, []]);
    expect(['incomplete', 'unreachable']).toContain(one.verdict);
  },
);

it('an exit status before the data is no end of the data', async () => {
  const exec: NonNullable<Exclude<Evil, { port: number }>['exec']> = (channel) => {
    channel.resume();
    channel.exit(0);
    channel.write(truth.answer, () => channel.end());
  };
  expect((await alone({ exec })).one.verdict).toBe('clean');
});

it('gigabytes on standard error', async () => {
  const chunk = Buffer.alloc(65_536, '\x1b[2J');
  const { code, one, gaps } = await alone(
    pours(() => chunk, true),
    { limits: { maxBytes: 4_000_000 } },
  );
  expect([code, one.verdict, gaps]).toEqual([3, 'unreachable', ['connect limit']]);
});

it('ten million files end by a limit', async () => {
  const begin = truth.answer.indexOf('\0B files\0') + 9;
  let n = 0;
  const evil = pours(() => {
    if (n === 0) {
      n = 1;
      return truth.answer.subarray(0, begin);
    }
    let out = '';
    for (const end = n + 2000; n < end; n++) out += meta(`/etc/${n}`, 'p');
    return n > 10_000_000 ? undefined : Buffer.from(below(out), 'latin1');
  });
  const { code, one, gaps, removed } = await alone(evil, { limits: { maxBytes: 24_000_000 } });
  expect([code, one.verdict, removed]).toEqual([1, 'snowflake', []]);
  expect(gaps).toContain('files limit');
  expect(one.findings.length).toBeLessThanOrEqual(10_001);
}, 120_000);

it('one byte a second ends by the limit for the whole instance', async () => {
  let at = 0;
  const exec: NonNullable<Exclude<Evil, { port: number }>['exec']> = (channel) => {
    channel.resume();
    const timer = setInterval(() => channel.write(truth.answer.subarray(at, ++at)), 50);
    channel.on('close', () => clearInterval(timer));
  };
  const { code, one, gaps } = await alone({ exec }, { limits: { totalMs: 2500, idleMs: 1000 } });
  expect([code, one.verdict, gaps.every((gap) => gap.endsWith(' timeout'))]).toEqual([3, 'unreachable', true]);
});

it('very many packets of one byte are held as the bytes that they are', async () => {
  const one = Buffer.from('x');
  let n = 0;
  const before = process.memoryUsage().rss;
  const result = await alone(
    pours(() => (n++ < 60_000 ? one : undefined)),
    // For the honest host beside it, too: it takes what this machine has.
    { limits: { totalMs: 60_000 } },
  );
  expect(result.one.verdict).toBe('unreachable');
  expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
}, 120_000);

it.each([
  ['a batch of more files than there are', 'F 99999999\0'],
  ['a batch of a billion', `F 1000000000\0${meta('/a')}`],
  ['a batch with more digests', `F 1\0${meta('/usr/bin/tool')}H 9999 b\0${zero}h 0\0`],
  ['a batch of names that never end', 'F 10000\0S\0/a\0/b\0'],
  ['a list of a billion entries', 'N 1000000000\0'],
  ['a list of minus one', 'N -1\0'],
  ['a list of NaN', 'N x\0'],
  ['packed buckets longer than the answer', 'G 99999999999\0xx'],
  ['packed buckets of minus one byte', 'G -1\0xx'],
  ['buckets that nobody expected', 'P 10\0= 1 999\n.\n'],
  ['a bucket of a billion entries', 'P 15\0! 1000000000\n.\n'],
])('%s: said, and nothing is removed for it', async (_what, records) => {
  const { code, one, removed } = await alone(also(records));
  expect(removed).toEqual([]);
  expect(one.flags).toContain('incomplete');
  // Two of them say something of a file besides, and that counts.
  expect([1, 3]).toContain(code);
});

it.each([
  ['zeros', Buffer.alloc(400e6)],
  ['empty lines', Buffer.alloc(200e6, '\n')],
  ['digests without end', Buffer.from(`S\n${`1 ${'0'.repeat(16)}\n`.repeat(4_000_000)}.\n`)],
])(
  'a gzip bomb of %s',
  async (_what, bomb) => {
    const packed = gzipSync(bomb, { level: 1 }).toString('latin1');
    const { code, one, removed } = await alone(also(`G ${packed.length}\0${packed}`));
    expect([code, one.verdict, removed]).toEqual([3, 'incomplete', []]);
  },
  60_000,
);

/** A true answer whose packed part is another one. */
const repacked = (bytes: Buffer) => {
  const begin = truth.packed.indexOf('\0G\0') + 3;
  const end = truth.packed.indexOf('\0B files\0');
  return says(Buffer.concat([truth.packed.subarray(0, begin), bytes, truth.packed.subarray(end)]));
};

it('packed facts that unpack to more than they may', async () => {
  const { code, one, removed } = await alone(repacked(gzipSync(Buffer.alloc(400e6), { level: 1 })));
  expect([code, one.verdict, removed]).toEqual([3, 'unreachable', []]);
  expect(one.gaps.map(({ reason }) => reason)).toEqual(['limit']);
}, 60_000);

it('packed facts that are no gzip; facts packed so that our marks stand in the bytes as they are', async () => {
  const garbled = await alone(repacked(Buffer.from('no gzip at all')));
  expect([garbled.code, garbled.one.verdict, garbled.removed]).toEqual([3, 'unreachable', []]);
  const [begin, end] = [truth.answer.indexOf('\0B os\0') + 1, truth.answer.indexOf('\0B files\0')];
  const stored = gzipSync(truth.answer.subarray(begin, end), { level: 0 });
  expect(stored.includes('\0E os\0')).toBe(true);
  expect((await alone(repacked(stored))).code).toBe(0);
});

it.each(['os', 'accounts', 'packages', 'contents', 'processes', 'sockets'])(
  'millions of empty records and lines in %s',
  async (probe) => {
    for (const piece of ['\0', '\n', '\n\0', ' \n', '::\n']) {
      const { one, removed } = await alone(
        says(withFrame(truth.answer, probe, (frame) => `${frame}passwd ${piece.repeat(5_000_000)}\0`)),
      );
      expect(removed).toEqual([]);
      expect(one.gaps.map((gap) => `${gap.probe} ${gap.reason}`)).toContain(`${probe} limit`);
    }
  },
  120_000,
);

it('records in another order, and entries twice', async () => {
  const reversed = await alone(files((frame) => `${frame.split('\0').reverse().join('\0')}\0`));
  expect(reversed.removed).toEqual([]);
  expect(reversed.one.gaps.length).toBeGreaterThan(0);
  const twice = await alone(files((frame) => frame.replace(/W 0\0$/, () => '') + frame.replace(/^(M[^\0]*\0)*/, '')));
  expect(twice.removed).toEqual([]);
});

const every = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('');
const hostile = [
  '\x1b]0;owned\x07\x1b[2J',
  '</script><script>alert(1)</script>',
  '=cmd|calc!A0',
  '\u009b31m',
  '\r\n::error::x',
];

it('names with every byte, of 4 KiB, and 2,000 levels deep', async () => {
  const names = [
    `/usr/bin/${every}`,
    `/etc/${'n'.repeat(4096)}`,
    `/opt${'/d'.repeat(2000)}`,
    ...hostile.map((h) => `/srv/${h}`),
  ];
  const { code, one, removed } = await alone(also(names.map(entry).join('')));
  expect([code, one.verdict, removed, one.gaps]).toEqual([1, 'snowflake', [], []]);
  expect(one.findings).toHaveLength(names.length);
  const raw64 = one.findings.map(({ subjectBase64 }) => Buffer.from(subjectBase64 ?? '', 'base64').toString('latin1'));
  expect(raw64).toContain(`/usr/bin/${every}`);
});

it.each(hostile)('what it says of itself holds %j', async (h) => {
  let answer = withFrame(
    truth.answer,
    'os',
    (frame) =>
      `${frame}release ID=${h}\nPRETTY_NAME="${h}"\nIMAGE_ID=${h}\n\0kernel ${h}\0hostname ${h}\0arch ${h}\0machine-id ${h}\0`,
  );
  answer = withFrame(
    answer,
    'accounts',
    (frame) => `${frame.replace(/^passwd /, `passwd ${h.replace(/[\r\n:]/g, '')}:x:0:0:${h}:/:${h}\n`)}`,
  );
  answer = withFrame(
    answer,
    'packages',
    () => `dpkg-status Package: ${h}\nStatus: install ok installed\nVersion: ${h}\n\n\0`,
  );
  answer = withFrame(answer, 'contents', (frame) => frame.replace('a = 1', h));
  const { code, one } = await alone(says(answer));
  expect(code).toBe(1);
  expect(one.findings.length).toBeGreaterThan(0);
});

it.each(hostile)('the tools that it lacks are called %j', async (h) => {
  const answer = withFrame(truth.answer, 'os', (frame) => `${frame}lacks ${h} ${'x'.repeat(1_000_000)}\0`);
  const { one, removed } = await alone(says(answer));
  expect([one.verdict, removed]).toEqual(['incomplete', []]);
  expect(new Set(one.gaps.map(({ reason }) => reason))).toEqual(new Set(['tool-missing']));
  expect(JSON.stringify(one.gaps).length).toBeLessThan(10_000);
});

it('names of megabytes do not fill the report', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `/etc/${'n'.repeat(1_000_000)}${i}`);
  const { code, one, report } = await alone(also(names.map(entry).join('')));
  expect([code, one.verdict]).toEqual([1, 'snowflake']);
  expect(one.findings.at(-1)?.reason).toMatch(/^\d+ more differences are not listed one by one$/);
  expect(JSON.stringify(report).length).toBeLessThan(30e6);
});

it('another host key in the middle of a fleet', async () => {
  const result = await scanEvil(
    truth,
    { one: says(truth.answer), evil: says(truth.answer), two: says(truth.answer) },
    { strangers: ['evil'] },
  );
  unharmed(result);
  expect(['one', 'evil', 'two'].map((name) => result.of(name).verdict)).toEqual(['clean', 'unreachable', 'clean']);
  expect([result.code, result.of('evil').gaps[0]?.reason]).toEqual([3, 'host-key']);
});

it('a login that asks again and again', async () => {
  let asked = 0;
  const { code, one, gaps } = await alone(
    {
      authenticate(context) {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
        const again = (): void => {
          asked++;
          context.prompt([{ prompt: '\x1b[31mPassword: ', echo: false }], again);
        };
        again();
      },
    },
    { limits: { connectMs: 3000 } },
  );
  expect([code, one.verdict]).toEqual([3, 'unreachable']);
  expect(gaps).toHaveLength(1);
  expect(asked).toBeLessThan(5);
});

it('a banner of megabytes', async () => {
  const { one } = await alone({ ...says(truth.answer), banner: '\x1b[2J'.repeat(25_000) });
  expect(['clean', 'unreachable']).toContain(one.verdict);
});

it.each([
  ['a greeting without end', Buffer.alloc(65_536, 'x')],
  ['lines without end', Buffer.from('x\r\n'.repeat(20_000))],
  ['a packet of four gigabytes', Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.alloc(65_536, 0xff)])],
  ['packets of nothing', Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.alloc(65_536)])],
])('%s instead of SSH', async (_what, chunk) => {
  let sent = 0;
  const evil = await port((socket) => {
    const pour = (): void => {
      sent += chunk.length;
      if (socket.writable) socket.write(chunk, pour);
    };
    pour();
  });
  const before = process.memoryUsage().rss;
  const { code, one } = await alone(evil, { limits: { connectMs: 2000 } });
  expect([code, one.verdict, one.gaps.length]).toEqual([3, 'unreachable', 1]);
  expect(sent).toBeGreaterThan(0);
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
});

it('all of them together take no more memory than the budget', async () => {
  const chunk = Buffer.alloc(65_536, 'x');
  const flood = () => pours(() => chunk);
  const names = Array.from({ length: 8 }, (_, i) => `evil${i}`);
  const memory = 32 * 2 ** 20;
  const result = await scanEvil(truth, Object.fromEntries(names.map((name) => [name, flood()])), {
    memory,
    limits: { maxBytes: 24 * 2 ** 20 },
  });
  unharmed(result);
  expect(result.budget.held).toMatchObject({ now: 0 });
  expect(result.budget.held.most).toBeGreaterThan(memory / 2);
  expect(result.budget.held.most).toBeLessThanOrEqual(memory);
  for (const name of names) expect(result.of(name).gaps.map((gap) => gap.reason)).toEqual(['limit']);
}, 60_000);
