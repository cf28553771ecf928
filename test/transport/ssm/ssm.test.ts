import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ReachError } from '../../../src/core/errors.ts';
import type { Limits, Reach, Session } from '../../../src/core/ports.ts';
import { parseSsmUri } from '../../../src/transport/ssm/address.ts';
import { readHeading, unpack } from '../../../src/transport/ssm/answer.ts';
import { startScript } from '../../../src/transport/ssm/script.ts';
import { ssm } from '../../../src/transport/ssm/transport.ts';
import { type EndpointOptions, type SsmEndpoint, startSsmEndpoint } from '../../lab/ssm-endpoint.ts';
import { localNode } from '../../lab/ssm-nodes.ts';
import { calm, instanceAt, wide } from '../contract.ts';
import { makeScratch } from '../ssh/scratch.ts';

const args = { root: '/', mode: 'live', since: 0 } as const;
const one = 'i-00000001';

async function endpoint(options: EndpointOptions): Promise<SsmEndpoint> {
  const started = await startSsmEndpoint(options);
  for (const [name, value] of Object.entries(started.env)) vi.stubEnv(name, value);
  return started;
}

function open(node: string, reach: Reach = {}, limits: Partial<Limits> = {}): Promise<Session> {
  return ssm.open(instanceAt(`ssm://${node}?region=eu-west-1`, reach), { ...wide, ...limits }, calm);
}

async function ask(node: string, program: string, reach: Reach = {}, limits: Partial<Limits> = {}) {
  const session = await open(node, reach, limits);
  try {
    return await session.run(program, args);
  } finally {
    await session.close();
  }
}

/** What is held in this machine's memory for somebody's scan. */
const heldHere = () =>
  existsSync('/dev/shm') ? readdirSync('/dev/shm').filter((name) => name.startsWith('snowfence-')) : [];

afterEach(() => vi.unstubAllEnvs());

describe('a long answer', () => {
  it('comes in pieces, is whole, and nothing of it stays on the instance', async () => {
    await using service = await endpoint({ nodes: { [one]: localNode() } });
    const scratch = await makeScratch();
    const bytes = randomBytes(300_000);
    const file = scratch.path('noise');
    await writeFile(file, bytes);
    const before = heldHere();
    const answer = await ask(one, `cat '${file}'; echo last words >&2; exit 5`);
    expect(answer).toMatchObject({ ended: 'exit', exitCode: 5, stderr: 'last words\n' });
    expect(answer.stdout.equals(bytes)).toBe(true);
    const scripts = service.calls
      .filter(({ target }) => target === 'SendCommand')
      .map(({ body }) => JSON.stringify(body['Parameters']));
    // 300,000 random bytes are 400,100 characters of base64: 17 pieces behind the first, and the removal.
    expect(scripts.filter((script) => script.includes('tail -c'))).toHaveLength(17);
    expect(scripts.at(-1)).toContain('rm -rf /dev/shm/snowfence-');
    await expect.poll(heldHere, { timeout: 5000 }).toEqual(before);
    await scratch.remove();
  });

  it('is refused with a reason where holding it is off', async () => {
    await using service = await endpoint({ nodes: { [one]: localNode() } });
    const program = 'head -c 100000 /dev/urandom';
    await expect(ask(one, program, { ssm: { hold: false } })).rejects.toMatchObject({
      reason: 'limit',
      message: expect.stringContaining('reach.ssm.hold'),
    });
    expect(service.calls.filter(({ target }) => target === 'SendCommand')).toHaveLength(1);
    expect(JSON.stringify(service.calls)).not.toContain('mkdir');
  });

  it('of which a piece is lost or lied about is cut, and is removed all the same', async () => {
    const before = heldHere();
    for (const lie of ['', 'AAAA', '!'.repeat(23_500)]) {
      await using _ = await endpoint({
        nodes: { [one]: localNode() },
        tamper: (output, script) => (script.includes('tail -c +47001') ? lie : output),
      });
      await expect(ask(one, 'head -c 100000 /dev/urandom')).rejects.toMatchObject({ reason: 'cut' });
      await expect.poll(heldHere, { timeout: 5000 }).toEqual(before);
    }
  });

  it('that is damaged is cut', async () => {
    await using _ = await endpoint({
      nodes: { [one]: localNode() },
      tamper: (output) => output.slice(0, -20) + 'A'.repeat(20),
    });
    expect(await ask(one, 'seq 1 2000')).toMatchObject({ ended: 'cut', exitCode: null });
  });
});

describe('many instances', () => {
  const ids = Array.from({ length: 120 }, (_, n) => `i-${n.toString(16).padStart(8, '0')}`);

  it('share calls of at most fifty', async () => {
    await using service = await endpoint({ nodes: Object.fromEntries(ids.map((id) => [id, localNode()])) });
    const answers = await Promise.all(ids.map((id) => ask(id, 'echo hello')));
    expect(answers.map(({ stdout }) => stdout.toString())).toEqual(ids.map(() => 'hello\n'));
    const of = (target: string) => service.calls.filter((call) => call.target === target).map(({ body }) => body);
    expect(of('DescribeInstanceInformation')).toHaveLength(3);
    expect(of('SendCommand').map(({ InstanceIds }) => (InstanceIds as string[]).length)).toEqual([50, 50, 20]);
  });

  it('are not hurt by one that is not there, off, or of another kind', async () => {
    const nodes = {
      [one]: localNode(),
      'i-00000002': localNode({ ping: 'ConnectionLost' }),
      'i-00000003': localNode({ platform: 'Windows' }),
    };
    await using _ = await endpoint({ nodes });
    const asked = [one, 'i-00000002', 'i-00000003', 'i-00000004'].map((id) => ask(id, 'echo hello'));
    expect(await Promise.allSettled(asked)).toMatchObject([
      { value: { exitCode: 0 } },
      { reason: { reason: 'unreachable', message: expect.stringContaining('ConnectionLost') } },
      { reason: { reason: 'unsupported', message: expect.stringContaining('Windows') } },
      { reason: { reason: 'unreachable', message: expect.stringContaining('does not manage') } },
    ]);
  });

  it('are tried one by one when the list may not be read and one of them is unknown', async () => {
    await using service = await endpoint({ nodes: { [one]: localNode() }, denied: ['DescribeInstanceInformation'] });
    expect(await Promise.allSettled([one, 'i-00000004'].map((id) => ask(id, 'echo hello')))).toMatchObject([
      { value: { exitCode: 0 } },
      { reason: { reason: 'unreachable' } },
    ]);
    expect(service.calls.every(({ target }) => target !== 'DescribeInstanceInformation')).toBe(true);
  });
});

describe('the service', () => {
  it('may be late and may throttle', async () => {
    await using _ = await endpoint({ nodes: { [one]: localNode() }, lateLooks: 3, throttleEvery: 3 });
    expect(await ask(one, 'echo hello')).toMatchObject({ ended: 'exit', exitCode: 0 });
  });

  it.each([
    ['SendCommand', 'auth', 'AWS does not allow it'],
    ['GetCommandInvocation', 'auth', 'ssm:GetCommandInvocation'],
  ])('that denies %s says so', async (denied, reason, words) => {
    await using _ = await endpoint({ nodes: { [one]: localNode() }, denied: [denied] });
    const failed = await ask(one, 'echo').catch((error: unknown) => error as ReachError);
    if (!(failed instanceof ReachError)) throw new Error('it was allowed');
    expect(failed.reason).toBe(reason);
    expect(`${failed.message} ${failed.hint}`).toContain(words);
  });

  it('that cannot deliver the command says so', async () => {
    const nodes = { [one]: localNode({ ping: 'ConnectionLost' }) };
    await using _ = await endpoint({ nodes, denied: ['DescribeInstanceInformation'], secondMs: 5 });
    await expect(ask(one, 'echo')).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('DeliveryTimedOut'),
    });
  });

  it('that ends the command by its own clock is a time-out', async () => {
    await using _ = await endpoint({ nodes: { [one]: localNode() }, secondMs: 20 });
    await expect(ask(one, 'sleep 1234')).rejects.toMatchObject({ reason: 'timeout' });
  });

  it('that runs something else than our script is not understood', async () => {
    await using _ = await endpoint({ nodes: { [one]: localNode() }, tamper: () => 'Welcome!\n' });
    await expect(ask(one, 'echo')).rejects.toMatchObject({ reason: 'garbled' });
    await expect(ask(one, 'echo', { ssm: { document: 'No-Such' } })).rejects.toMatchObject({
      reason: 'unsupported',
      hint: 'see reach.ssm.document',
    });
    expect(await ask(one, 'exit 0', { ssm: { document: 'Own-Document' } }).catch(({ reason }) => reason)).toBe(
      'garbled',
    );
  });

  it('cannot be asked without credentials, region or endpoint, in words', async () => {
    await using _ = await endpoint({ nodes: {} });
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    await expect(open(one)).rejects.toMatchObject({
      reason: 'auth',
      message: expect.stringContaining('no AWS credentials'),
    });
    vi.unstubAllEnvs();
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION']) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    await expect(ssm.open(instanceAt(`ssm://${one}`), wide, calm)).rejects.toMatchObject({
      reason: 'unsupported',
      hint: expect.stringContaining('AWS_REGION'),
    });
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLEEXAMPLE00');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
    vi.stubEnv('AWS_ENDPOINT_URL_SSM', 'http://127.0.0.1:1');
    await expect(open(one, {}, { connectMs: 500 })).rejects.toMatchObject({
      reason: expect.stringMatching(/timeout|unreachable/),
    });
  });
});

describe('an instance', () => {
  it('without the tools for the way back says which', async () => {
    await using _ = await endpoint({ nodes: { [one]: localNode() }, tamper: () => 'SNOWFENCE-SSM/1 0 lacks gzip\n' });
    await expect(ask(one, 'echo')).rejects.toMatchObject({
      reason: 'tool-missing',
      message: expect.stringContaining('lacks gzip'),
    });
  });

  it.each([
    'ssm://',
    'ssm://web-1',
    'ssm://i-123',
    `ssm://${one}?zone=a`,
    `ssm://${one}?region=nowhere`,
    `ssm://${one}; id`,
    'ssm://mi-1234',
  ])('is not named by %s', (uri) => {
    expect(() => parseSsmUri(uri)).toThrow(/names no managed node|unknown parameter|is no region/);
  });

  it('is named by its id, and a region', () => {
    expect(parseSsmUri('ssm://i-0123456789abcdef0')).toEqual({ node: 'i-0123456789abcdef0' });
    expect(parseSsmUri('ssm://mi-0123456789abcdef0?region=us-gov-west-1').region).toBe('us-gov-west-1');
  });

  it('can send what it likes: it is read within bounds, and never breaks the reader', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
        readHeading(text);
        readHeading(`SNOWFENCE-SSM/1 ${text}\n`);
        expect(unpack(text, 1000).stdout.length).toBeLessThanOrEqual(1000 + 4096);
      }),
    );
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(unpack(bomb.toString('base64'), 1000)).toEqual({ stdout: Buffer.alloc(0), flood: true });
  });
});

it('input that does not fit into a script is left out: a program can do without', () => {
  const script = { args, program: 'echo', nonce: 'a'.repeat(32), hold: true, maxBytes: 1000 };
  const input = (bytes: Buffer) => ({ after: '', bytes });
  const [without, small, large] = [
    startScript(script),
    startScript({ ...script, input: input(Buffer.from('expected')) }),
    startScript({ ...script, input: input(randomBytes(60_000)) }),
  ];
  expect(small).not.toBe(without);
  expect(large).toBe(without);
});

it('a program that is too long for Run Command is refused before it is sent', () => {
  const program = randomBytes(60_000).toString('hex');
  const script = { args, nonce: 'a'.repeat(32), hold: true, maxBytes: 1000 };
  expect(() => startScript({ ...script, program })).toThrow(/takes 60000/);
  expect(() => startScript({ ...script, program: 'echo', nonce: '$(id)' })).toThrow(RangeError);
  expect(() => startScript({ ...script, program: 'echo', args: { ...args, root: '/; id' } })).toThrow(RangeError);
});
