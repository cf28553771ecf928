import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anonymousVolumes, creationOf } from '../../src/replace/docker/body.ts';
import { docker } from '../../src/replace/docker/driver.ts';
import { endpointOf, parseUri, uriOf } from '../../src/replace/engine/endpoint.ts';
import { isSame } from '../../src/replace/engine/image.ts';
import { swarm } from '../../src/replace/swarm/driver.ts';
import { pick, type Task } from '../../src/replace/swarm/find.ts';
import { root } from '../house/rooms.ts';
import { permitOf } from './make.ts';

/** Captured from Docker 20.10 by `docker inspect`. */
const captured = (name: string) =>
  JSON.parse(readFileSync(join(root, 'fixtures/replace/docker', `${name}.json`), 'utf8'));
const [plain, rich, image] = [captured('plain'), captured('rich'), captured('image')];
const changes = { image: 'app:2', key: `sf-${'1'.repeat(32)}`, minor: 41 };

describe('the settings of a container', () => {
  it('that was given none are none', () => {
    const { body, connect } = creationOf(plain, image.Config, changes);
    expect(body).toMatchObject({ Image: 'app:2', Env: [], Hostname: '', Labels: { 'snowfence.key': changes.key } });
    expect(body).toMatchObject({
      ExposedPorts: {},
      Volumes: {},
      NetworkingConfig: { EndpointsConfig: { bridge: {} } },
    });
    for (const key of ['Cmd', 'Entrypoint', 'User', 'WorkingDir', 'Healthcheck', 'OnBuild', 'MacAddress'])
      expect(body).not.toHaveProperty(key);
    expect(connect).toEqual([]);
  });

  it('are those that docker run was given, without what the image and the daemon added', () => {
    const { body } = creationOf(rich, image.Config, changes);
    expect(body).toMatchObject({
      ...{ Hostname: 'h1', User: '1500', Cmd: ['sleep', '5000'], StopTimeout: 2, Env: ['A=b c', 'FROM_IMAGE=2'] },
      ...{ ExposedPorts: { '9999/tcp': {} }, Volumes: { '/anon2': {} } },
      Labels: { own: '1', 'snowfence.key': changes.key },
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 1_000_000_000 },
      NetworkingConfig: {
        EndpointsConfig: { back: { IPAMConfig: { IPv4Address: '10.77.0.9' }, Aliases: ['alias1'] } },
      },
    });
    expect(body['Labels']).not.toHaveProperty('img');
    const { ContainerIDFile: _, Links, ...host } = rich.HostConfig;
    expect(body['HostConfig']).toEqual({ ...host, Links: [] });
    expect(anonymousVolumes(rich)).toEqual(['/anon', '/anon2']);
  });

  it('take the command of the image with its entry point only', () => {
    const of = (Entrypoint: unknown, Cmd: unknown) => {
      const container = { ...plain, Config: { ...plain.Config, Entrypoint, Cmd } };
      const { body } = creationOf(container, { ...image.Config, Entrypoint: ['/start'], Cmd: ['serve'] }, changes);
      return [body['Entrypoint'], body['Cmd']];
    };
    expect(of(['/start'], ['serve'])).toEqual([undefined, undefined]);
    expect(of(['/start'], ['other'])).toEqual([undefined, ['other']]);
    expect(of(['/own'], ['serve'])).toEqual([['/own'], ['serve']]);
    expect(of(['/own'], null)).toEqual([['/own'], null]);
  });

  it('have links and addresses as they are asked for, not as they are told', () => {
    const container = {
      ...plain,
      Config: { ...plain.Config, MacAddress: '02:42:0a:4d:00:77' },
      HostConfig: { ...plain.HostConfig, Links: ['/db:/plain/database'], ContainerIDFile: '/tmp/x' },
    };
    const old = creationOf(container, image.Config, changes).body;
    expect(old).toMatchObject({ MacAddress: '02:42:0a:4d:00:77', HostConfig: { Links: ['db:database'] } });
    expect(old['HostConfig']).not.toHaveProperty('ContainerIDFile');
    const young = creationOf(container, image.Config, { ...changes, minor: 44 }).body;
    expect(young).not.toHaveProperty('MacAddress');
    expect(young).toMatchObject({
      NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: '02:42:0a:4d:00:77' } } },
    });
    const beside = { ...plain, HostConfig: { ...plain.HostConfig, NetworkMode: `container:${'a'.repeat(64)}` } };
    const { body } = creationOf(beside, image.Config, changes);
    expect(body).toMatchObject({ Hostname: '', ExposedPorts: {} });
    expect(body).not.toHaveProperty('NetworkingConfig');
  });

  it('of a daemon that is none of ours break nothing', () => {
    const odd = fc.oneof(
      fc.anything(),
      fc.record({ Config: fc.anything(), HostConfig: fc.anything(), Mounts: fc.anything() }),
    );
    fc.assert(
      fc.property(odd, fc.anything(), (container, other) => {
        const said = JSON.parse(JSON.stringify({ c: container, o: other }) ?? '{}');
        const of = (value: unknown) =>
          (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
        expect(creationOf(of(said.c), of(said.o), changes).body['Image']).toBe('app:2');
        expect(anonymousVolumes(of(said.c))).toBeInstanceOf(Array);
      }),
    );
  });
});

describe('which', () => {
  it('image is the same', () => {
    const held = { id: `sha256:${'a'.repeat(64)}`, names: ['app:1', 'app@sha256:1'], config: {} };
    expect(isSame({ ref: 'golden', digest: held.id }, 'x', held)).toBe(true);
    expect(isSame({ ref: 'app:1' }, 'x', held)).toBe(true);
    expect(isSame({ ref: 'app' }, 'x', { ...held, names: ['app:latest'] })).toBe(true);
    expect(isSame({ ref: 'x' }, 'x', held)).toBe(true);
    expect(isSame({ ref: 'app:2' }, 'app:1', held)).toBe(false);
  });

  it('daemon and container an address means', () => {
    expect(parseUri('docker://web?host=tcp://node-1:2376')).toEqual({ container: 'web', host: 'tcp://node-1:2376' });
    for (const uri of ['docker://web', 'docker://web?host=unix:///run/a%26b.sock'])
      expect(uriOf(parseUri(uri) as { container: string })).toBe(uri);
    for (const uri of ['ssh://web', 'docker://', 'docker://-x', 'docker://a/b', 'docker://a;b'])
      expect(parseUri(uri)).toBeUndefined();
    expect(endpointOf(undefined, {})).toMatchObject({ socketPath: '/var/run/docker.sock' });
    expect(endpointOf('tcp://h', { DOCKER_HOST: 'unix:///x' })).toMatchObject({ origin: 'http://h:2375' });
    expect(
      endpointOf(undefined, { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' }),
    ).toEqual({
      ...{ name: 'tcp://h', origin: 'https://h:2376', tls: {} },
    });
    for (const host of ['ssh://h', 'tcp://h/path', 'tcp://a b', 'unix://x'])
      expect(() => endpointOf(host, {})).toThrow(/cannot talk/);
  });

  it('task has a container', () => {
    const task = (id: string, container: string): Task => ({
      ...{ id, container, service: 's', place: 'slot 1', node: 'n', state: 'running', desired: 'running' },
      ...{ since: 0, force: 0, error: '' },
    });
    const tasks = [task('t1', 'ab'.repeat(32)), task('t2', 'cd'.repeat(32)), task('t3', '')];
    expect(pick(tasks, { container: 'x', identity: 'cd'.repeat(32) })?.id).toBe('t2');
    expect(pick(tasks, { container: 'abababababab', identity: '' })?.id).toBe('t1');
    expect(pick(tasks, { container: 'web.1.t3', identity: '' })?.id).toBe('t3');
    expect(pick(tasks, { container: 'web', identity: '' })).toBeUndefined();
    expect(pick(tasks, { container: 'abababababab', identity: 'ef'.repeat(32) })).toBeUndefined();
  });
});

describe('plans', () => {
  const target = (uri: string, labels = {}) => permitOf({ instance: 'web', uri, labels }).target;
  it('say that a service is replaced as a whole', () => {
    const plan = swarm.plan(target('docker://abc'), { mode: 'service' });
    expect(plan).toEqual({ wholeGroup: true, calls: expect.arrayContaining([expect.stringMatching(/ALL its tasks/)]) });
    expect(swarm.plan(target('ssh://root@n', { 'swarm.service': 'web' }), { mode: 'service' })).toHaveProperty('calls');
  });
  it('refuse what the driver cannot do', () => {
    expect(swarm.plan(target('ssh://root@n', { 'swarm.service': 'web' }), {})).toHaveProperty('refused');
    expect(swarm.plan(target('ssh://root@n'), { mode: 'service' })).toHaveProperty('refused');
    expect(swarm.plan(target('docker://abc'), { image: 'app:2' })).toHaveProperty('refused');
    expect(docker.plan(target('ssm://i-1\u001b[2J'), {})).toEqual({ refused: expect.not.stringContaining('\u001b') });
  });
});
