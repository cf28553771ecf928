import type { Registry } from '../core/registry.ts';
import type { Renderer } from './renderer.ts';

/** One line for each folder here. */
export const renderers: Registry<Renderer> = {
  text: async () => (await import('./text/render.ts')).text,
  json: async () => (await import('./json/render.ts')).json,
  ndjson: async () => (await import('./ndjson/render.ts')).ndjson,
  sarif: async () => (await import('./sarif/render.ts')).sarif,
  junit: async () => (await import('./junit/render.ts')).junit,
  html: async () => (await import('./html/render.ts')).html,
  markdown: async () => (await import('./markdown/render.ts')).markdown,
  csv: async () => (await import('./csv/render.ts')).csv,
  prometheus: async () => (await import('./prometheus/render.ts')).prometheus,
  ocsf: async () => (await import('./ocsf/render.ts')).ocsf,
  cyclonedx: async () => (await import('./cyclonedx/render.ts')).cyclonedx,
  ecs: async () => (await import('./ecs/render.ts')).ecs,
};
