import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { type Candidate, choose, ownArchitecture } from '../../../src/manifest/image/choose.ts';
import { configOf, layer, ociFiles, ownArchitecture as own, read, scratch, sha256, writeFiles } from './make.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

function candidate(digit: string, platform: string, name?: string): Candidate {
  const names = name ? [name] : [];
  return { digest: digest(digit), digests: [digest('f')], names, platform, group: name ?? '' };
}

function chosen(all: Candidate[], selector = '', path = 'F.tar'): string {
  return choose(all, { path, selector }, 'arm64').digest;
}

function refusal(all: Candidate[], selector = ''): UserError {
  try {
    chosen(all, selector);
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error('nothing was refused');
}

describe('choose', () => {
  const amd = candidate('a', 'linux/amd64', 'app:1');
  const arm = candidate('b', 'linux/arm64/v8', 'app:1');
  const other = candidate('c', 'linux/arm64', 'host.example:5000/team/other:latest');

  it('takes the only one, whatever its platform', () => {
    expect(chosen([amd])).toBe(amd.digest);
  });

  it('takes the own architecture of an image with several platforms', () => {
    expect(chosen([amd, arm])).toBe(arm.digest);
    expect(chosen([amd, arm, other], 'app:1')).toBe(arm.digest);
    expect(chosen([amd, arm], digest('f'))).toBe(arm.digest); // the index that both are in
    expect(chosen([amd, arm], 'linux/amd64')).toBe(amd.digest);
  });

  it('does not choose between images by architecture', () => {
    const error = refusal([amd, other]);
    expect(error.message).toBe('F.tar holds 2 images: which one?');
    expect(error.hint).toBe(
      [
        'choose one by name or digest:',
        '  F.tar#app:1 (linux/amd64, app:1, sha256:aaaaaaaaaaaa)',
        '  F.tar#host.example:5000/team/other:latest (linux/arm64, host.example:5000/team/other:latest, sha256:cccccccccccc)',
      ].join('\n'),
    );
  });

  it('shows the digest where the name does not tell them apart, in a form that it takes', () => {
    const x86 = candidate('d', 'linux/386', 'app:1');
    const shown = refusal([amd, x86]).hint.match(/#(\S+)/g);
    expect(shown).toEqual(['#sha256:aaaaaaaaaaaa', '#sha256:dddddddddddd']);
    expect(chosen([amd, x86], 'sha256:dddddddddddd')).toBe(x86.digest);
  });

  it('knows a name without its tag "latest" and without its registry', () => {
    for (const selector of ['other', 'team/other', 'other:latest', 'host.example:5000/team/other']) {
      expect(chosen([amd, other], selector)).toBe(other.digest);
    }
    expect(refusal([amd, other], 'er:latest').message).toBe('F.tar holds no image er:latest');
  });

  it('takes two names of one image for one image', () => {
    const again = { ...amd, names: ['app:latest'] };
    const image = choose([amd, again], { path: 'F', selector: '' }, 'arm64');
    expect(image.names).toEqual(['app:1', 'app:latest']);
  });

  it('says that there is none, and does not list hundreds', () => {
    expect(refusal([]).message).toBe('F.tar holds no image');
    const many = [...'0123456789abcdef'].map((digit) => candidate(digit, 'linux/amd64'));
    expect(refusal(many).hint).toContain('and 6 more');
  });
});

it('names architectures as images do', () => {
  expect(ownArchitecture('x64')).toBe('amd64');
  expect(ownArchitecture('arm64')).toBe('arm64');
});

describe('an OCI layout', () => {
  it('with an index of platforms: the own one is taken', async () => {
    const here = { names: ['app:1'], architecture: own, layers: [await layer({ name: 'here' })] };
    const there = { names: ['app:1'], architecture: 'mips', layers: [await layer({ name: 'there' })] };
    const dir = await writeFiles(await scratch(), ociFiles([there, here], { index: true }));
    const tree = await read('oci-layout', dir);
    expect(tree.digest).toBe(`sha256:${sha256(configOf(here))}`);
    expect(tree.names).toEqual(['app:1']);
    expect([...(await read('oci-layout', `${dir}#linux/mips`)).entries.keys()]).toContain('/there');
  });

  it('that lists platforms which it does not hold, as docker save writes it', async () => {
    const here = { architecture: 'mips', layers: [await layer({ name: 'here' })] };
    const files = ociFiles([{ architecture: own, layers: [await layer({ name: 'gone' })] }, here], { index: true });
    const index = JSON.parse(String(files.get('index.json'))).manifests[0].digest.slice(7);
    const absent = JSON.parse(String(files.get(`blobs/sha256/${index}`))).manifests[0].digest.slice(7);
    files.delete(`blobs/sha256/${absent}`);
    const tree = await read('oci-layout', await writeFiles(await scratch(), files));
    expect([...tree.entries.keys()]).toEqual(['/', '/here']);
  });

  it('with build records and artifacts beside the image', async () => {
    const files = ociFiles([{ layers: [await layer({ name: 'x' })] }]);
    const index = JSON.parse(String(files.get('index.json')));
    const add = (value: object, more: object = {}) => {
      const data = Buffer.from(JSON.stringify(value));
      files.set(`blobs/sha256/${sha256(data)}`, data);
      index.manifests.push({ digest: `sha256:${sha256(data)}`, ...more });
    };
    const attestation = { 'vnd.docker.reference.type': 'attestation-manifest' };
    add({ config: {}, layers: [{}] }, { annotations: attestation });
    add({ config: { mediaType: 'application/vnd.cncf.helm.config.v1+json' }, layers: [{}] });
    files.set('index.json', Buffer.from(JSON.stringify(index)));
    expect((await read('oci-layout', await writeFiles(await scratch(), files))).entries.size).toBe(2);
  });

  it('that is incomplete or makes no sense is refused', async () => {
    const image = { layers: [await layer({ name: 'x' })] };
    const refused = async (change: (files: Map<string, Buffer>) => void) => {
      const files = ociFiles([image]);
      change(files);
      const dir = await writeFiles(join(await scratch(), 'layout'), files);
      return read('oci-layout', dir).then(
        () => 'nothing',
        (error: unknown) => (error instanceof UserError ? error.message : `not a UserError: ${error}`),
      );
    };
    const blob = (data: Buffer) => `blobs/sha256/${sha256(data)}`;
    const config = blob(configOf(image));
    const tar = blob(image.layers[0]?.tar as Buffer);
    expect(await refused((files) => files.delete(tar))).toMatch(/is incomplete: layer blobs/);
    expect(await refused((files) => files.delete(config))).toMatch(/is incomplete: it refers to blobs/);
    expect(await refused((files) => files.set(config, Buffer.from('{}')))).toMatch(/is damaged: its digest should be/);
    expect(await refused((files) => files.set(tar, Buffer.alloc(1024)))).toMatch(/is damaged: its digest should be/);
    expect(await refused((files) => files.set('index.json', Buffer.from('[')))).toMatch(/index\.json is not JSON/);
    expect(await refused((files) => files.set('index.json', Buffer.from('{}')))).toMatch(/not a list of objects/);
    const outside = { manifests: [{ digest: 'sha256:../../../../etc/passwd' }] };
    expect(await refused((files) => files.set('index.json', Buffer.from(JSON.stringify(outside))))).toMatch(
      /is not a sha256/,
    );
    expect(await refused((files) => files.delete('index.json'))).toMatch(/is no OCI layout: it has no index\.json/);
  });
});

it('a tag in the manner of skopeo is refused with the way to say it here', async () => {
  const dir = await scratch();
  for (const tagged of [`${dir}:v1`, `${dir}@${digest('a')}`]) {
    const error = await read('oci-layout', tagged).catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('hint', `an image is chosen with #: ${dir}#${tagged.slice(dir.length + 1)}`);
  }
});
