import { printable } from '../../core/bytes.ts';
import { ReplaceError, type Target } from '../../core/replacement.ts';
import { list, object, text } from '../json.ts';

/** A managed resource of a state. */
export interface Resource {
  /** `module.web.aws_instance.this[0]`. */
  address: string;
  values: Readonly<Record<string, unknown>>;
  /** Made only half: Terraform itself will replace it. */
  tainted: boolean;
}

/** Managed resources of `terraform show -json`, those of child modules too. Anything else has none. */
export function resourcesOf(state: unknown): Resource[] {
  const found: Resource[] = [];
  const modules = [object(object(state)['values'])['root_module']];
  for (let module = modules.pop(); module !== undefined; module = modules.pop()) {
    const { resources, child_modules: children } = object(module);
    for (const one of list(resources).map(object)) {
      const address = text(one['address']);
      if (one['mode'] === 'managed' && address !== '')
        found.push({ address, values: object(one['values']), tainted: one['tainted'] === true });
    }
    modules.push(...list(children));
  }
  return found;
}

/** Names by which a target may stand in a state: ids only, for an address may be another machine's by now. */
export function idsOf({ uri, labels, identity }: Target): string[] {
  const [, inUri = ''] = /^(?:ssm|docker):\/\/([^/?]+)/.exec(uri) ?? [];
  return [...new Set([labels['instanceId'] ?? '', inUri, identity].filter((id) => id !== ''))];
}

/** The resource that is the target. @throws ReplaceError when there is none, or more than one. */
export function find(resources: readonly Resource[], target: Target, attributes: readonly string[]): Resource {
  const named = target.labels['terraform.address'];
  const ids = idsOf(target);
  const found =
    named === undefined
      ? resources.filter(({ values }) => attributes.some((name) => ids.includes(text(values[name]))))
      : resources.filter(({ address }) => address === named);
  const [first, ...more] = found;
  if (first && more.length === 0) return first;
  const who = printable(named === undefined ? ids.join(', ') || target.name : `the address ${named}`);
  if (!first)
    throw new ReplaceError(`no resource of the ${resources.length} in the state is ${who}`, {
      hint: 'give the instance the label instanceId or terraform.address in the inventory; nothing was begun',
    });
  throw new ReplaceError(
    `${found.length} resources are ${who}: ${printable(
      list(found.map((r) => r.address))
        .slice(0, 5)
        .join(', '),
    )}`,
    {
      hint: 'give the instance the label terraform.address; nothing was begun',
    },
  );
}

/**
 * Looks whether a plan replaces the one resource and changes nothing beside it. @throws ReplaceError that names what it would change.
 */
export function proveAlone(plan: unknown, address: string): void {
  const changes = list(object(plan)['resource_changes']).map((one) => {
    const { address: of, mode, change } = object(one);
    return { of: text(of), mode, actions: list(object(change)['actions']).map(text) };
  });
  const real = changes.filter(
    ({ mode, actions }) => mode === 'managed' && actions.some((a) => a !== 'no-op' && a !== 'read'),
  );
  const others = real.filter(({ of }) => of !== address);
  if (others.length > 0)
    throw new ReplaceError(
      `the plan would also change ${others.length} ${others.length === 1 ? 'other resource' : 'other resources'}: ${printable(
        others
          .slice(0, 5)
          .map(({ of, actions }) => `${of} (${actions.join(', ')})`)
          .join('; '),
      )}`,
      {
        hint: 'bring configuration and state together first ("terraform plan" must say "No changes"); nothing was begun',
      },
    );
  if (!real.some(({ actions }) => actions.includes('create')))
    throw new ReplaceError(`the plan does not make ${printable(address)} anew`, {
      hint: 'the configuration does not have it any more, or its lifecycle keeps it; nothing was begun',
    });
}
