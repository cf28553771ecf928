import type { AuthContext } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reach } from '../../../src/core/ports.ts';
import { attemptLogin } from './attempt.ts';
import { type Behaviour, type FakeServer, startFake } from './fake-server.ts';
import { knownLine, makeScratch, type Scratch } from './scratch.ts';

let scratch: Scratch;
const key = (name: string): string => scratch.path(name);
beforeAll(async () => {
  scratch = await makeScratch();
  for (const name of ['id', 'wrong1', 'wrong2']) await scratch.key(name);
});
afterAll(() => scratch.remove());
afterEach(() => vi.unstubAllEnvs());
const attempt = (uri: string, reach: Reach) => attemptLogin(scratch, uri, reach);

describe('with a server of our own', () => {
  let server: FakeServer;
  const start = async (behaviour: Behaviour): Promise<string> => {
    server = await startFake(behaviour);
    await scratch.write('known', knownLine('127.0.0.1', server.port, server.hostKey));
    vi.stubEnv('PASSWORD_OF_TEST', 'correct horse');
    return `ssh://u@127.0.0.1:${server.port}`;
  };
  afterEach(() => server.stop());
  const reach: Reach = { identityFiles: [], password: 'env:PASSWORD_OF_TEST' };

  it('gives the password once, and keys no chance where they are not taken', async () => {
    const seen: string[] = [];
    const uri = await start({
      authenticate: (context) => {
        seen.push(context.method === 'password' ? `password ${context.password}` : context.method);
        if (context.method === 'password' && context.password === 'correct horse') context.accept();
        else context.reject(['password', 'keyboard-interactive']);
      },
    });
    expect(await attempt(uri, { ...reach, identityFiles: [key('wrong1'), key('wrong2')] })).toBe('in');
    expect(seen).toEqual(['publickey', 'password correct horse']);
    seen.length = 0;
    vi.stubEnv('PASSWORD_OF_TEST', 'battery staple');
    const error = await attempt(uri, reach);
    expect(error).toMatchObject({
      reason: 'auth',
      message: expect.stringContaining('tried password: refused; it takes password'),
    });
    expect(seen).toEqual(['none', 'password battery staple']);
    expect(JSON.stringify([String(error), error])).not.toContain('battery');
  });

  it('answers a question for the password, and no other question', async () => {
    const asked: string[][] = [];
    const ask = (question: string) => (context: AuthContext) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      context.prompt([{ prompt: question, echo: false }], (answers) => {
        asked.push(answers);
        if (answers[0] === 'correct horse') context.accept();
        else context.reject(['keyboard-interactive']);
      });
    };
    expect(await attempt(await start({ authenticate: ask('Password: ') }), reach)).toBe('in');
    await server.stop();
    const error = await attempt(await start({ authenticate: ask('Verification\u001b[2J code: ') }), reach);
    expect(error).toMatchObject({
      reason: 'auth',
      message: expect.stringContaining('it asked "Verification\\x1b[2J code:"'),
    });
    expect(asked).toEqual([['correct horse'], ['']]);
  });

  it('gives a second proof where one is not enough', async () => {
    const uri = await start({
      authenticate: (context) => {
        if (context.method === 'publickey') context.reject(['password'], true);
        else if (context.method === 'password') context.accept();
        else context.reject(['publickey']);
      },
    });
    expect(await attempt(uri, { ...reach, identityFiles: [key('id'), key('wrong1')] })).toBe('in');
    const alone = await attempt(uri, { identityFiles: [key('id')] });
    expect(alone).toMatchObject({ message: expect.stringContaining('accepted, but password is wanted too') });
  });

  it('repeats the banner of a server that refuses, without its escapes', async () => {
    const banner = `Account locked\u001b]0;x\u0007 ${'!'.repeat(500)}`;
    const uri = await start({ banner, authenticate: (context) => context.reject(['publickey']) });
    const error = await attempt(uri, { identityFiles: [key('id')] });
    expect(error).toMatchObject({ message: expect.stringContaining('it says "Account locked\\x1b]0;x\\x07 !!!') });
    expect(String(error instanceof Error && error.message).length).toBeLessThan(600);
  });

  it('has something to say when there is nothing to try', async () => {
    const uri = await start({ authenticate: (context) => context.reject(['publickey']) });
    expect(await attempt(uri, { identityFiles: [] })).toMatchObject({
      message: expect.stringContaining('there is no key and no password to try; it takes publickey'),
      hint: expect.stringContaining('reach.identityFiles'),
    });
  });

  it('is cut off in the middle of the login', async () => {
    const uri = await start({ authenticate: (_context, connection) => connection.end() });
    expect(await attempt(uri, { identityFiles: [key('id')] })).toMatchObject({
      reason: 'auth',
      message: expect.stringContaining('it says "it closed the connection"'),
    });
  });
});
