import type { Registry } from '../core/registry.ts';
import type { Renderer } from './renderer.ts';

/** One line for each folder here. */
export const renderers: Registry<Renderer> = {
  text: async () => (await import('./text/render.ts')).text,
  json: async () => (await import('./json/render.ts')).json,
  ndjson: async () => (await import('./ndjson/render.ts')).ndjson,
};
