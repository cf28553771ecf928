import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probes } from '../../src/collect/registry.ts';
import { manifestSources } from '../../src/manifest/registry.ts';
import { sinks } from '../../src/notify/registry.ts';
import { drivers } from '../../src/replace/registry.ts';
import { renderers } from '../../src/report/registry.ts';
import { stores } from '../../src/store/registry.ts';
import { transports } from '../../src/transport/registry.ts';
import { modules, root } from './rooms.ts';

function folders(room: string): string[] {
  return readdirSync(join(root, 'src', room), { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .map((e) => e.name)
    .sort();
}

describe('each folder of providers has its line in the registry, and each line its folder', () => {
  it.each([
    ['collect', Object.keys(probes), []],
    // The guard stands before all drivers; aws is what both drivers of AWS share, the engine how two ask a Docker daemon.
    ['replace', Object.keys(drivers), ['aws', 'guard', 'engine']],
    ['report', Object.keys(renderers), []],
    ['notify', Object.keys(sinks), []],
    ['store', Object.keys(stores), []],
    ['transport', Object.keys(transports), []],
    // What all image formats share is no source by itself.
    ['manifest', Object.keys(manifestSources), ['image']],
  ])('%s', (room, registered, shared) => {
    expect(folders(room)).toEqual([...registered, ...shared].sort());
  });

  it('and answers to the name it is registered by', async () => {
    for (const [name, probe] of Object.entries(probes)) expect(probe.name).toBe(name);
    for (const [name, load] of Object.entries(renderers)) expect((await load()).format).toBe(name);
    for (const [name, load] of Object.entries(transports)) expect((await load()).scheme).toBe(name);
    for (const [name, load] of Object.entries(manifestSources)) expect((await load()).scheme).toBe(name);
    for (const [name, load] of Object.entries(drivers)) expect((await load()).name).toBe(name);
    for (const [name, load] of Object.entries(sinks)) expect((await load()).name).toBe(name);
    for (const load of Object.values(stores)) expect((await load()).open).toBeTypeOf('function');
  });
});

describe('files', () => {
  it('of src are under 250 lines', () => {
    const long = modules()
      .map(({ file }) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }))
      .filter(({ lines }) => lines >= 250);
    expect(long).toEqual([]);
  });
});
