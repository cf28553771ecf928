import { UserError } from './errors.ts';

/** A registry: name -> loader of the provider's module, so that no provider is loaded before it is asked for. */
export type Registry<T> = Readonly<Record<string, () => Promise<T>>>;

/** Loads a provider by name. @throws UserError naming what there is. */
export async function provide<T>(registry: Registry<T>, what: string, name: string): Promise<T> {
  const load = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (!load) throw new UserError(`unknown ${what} "${name}"`, `known: ${Object.keys(registry).join(', ')}`);
  return load();
}
