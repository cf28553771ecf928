import { printable } from '../../core/bytes.ts';
import { type Driver, type Progress, ReplaceError } from '../../core/replacement.ts';
import { object, text } from '../json.ts';
import { type Known, Terraform } from './act.ts';
import { of, terraformSchema } from './settings.ts';
import { idsOf } from './state.ts';

/** Replaces one resource of a Terraform (or OpenTofu) state. */
export const terraform: Driver = {
  name: 'terraform',
  about:
    'has Terraform make the resource of an instance anew: says the command for a person to run, or runs it (mode: apply)',
  settings: terraformSchema,
  plan(target, settings) {
    const { directory, mode = 'print', program = ['terraform'] } = of(settings);
    const named = target.labels['terraform.address'];
    const ids = idsOf(target);
    if (named === undefined && ids.length === 0)
      return {
        refused: 'neither its instance id nor its resource is known: give it the label instanceId or terraform.address',
      };
    const resource = named ?? `ADDRESS (the resource that is ${ids.join(' or ')})`;
    const name = program.join(' ');
    return {
      calls:
        mode === 'print'
          ? [
              `find the resource in the state of ${directory}`,
              `a person runs: ${command(programName(program), directory, resource)}`,
              'wait until the state has another instance at that address',
            ]
          : [
              `${name} -chdir=${directory} plan -replace=${resource} -out=FILE`,
              'refuse if it changes anything else',
              `${name} -chdir=${directory} apply FILE`,
            ],
    };
  },
  open: async (settings, context) => {
    const { directory, mode = 'print', program = ['terraform'] } = of(settings);
    const tool = new Terraform(of(settings), context);
    return {
      async start(permit) {
        const known = await tool.known(permit);
        if (mode === 'apply' && !(await made(tool, known))) await tool.replace(known.address);
        return JSON.stringify(known);
      },
      async poll(token, permit): Promise<Progress> {
        const known = tokenOf(token);
        const now = await made(tool, known);
        const address = printable(known.address);
        if (now)
          return { state: 'done', detail: `${address} was made anew`, successor: tool.successor(permit, now, known) };
        if (mode === 'apply') return { state: 'failed', detail: `${address} is what it was, or is gone` };
        return {
          state: 'running',
          detail: `a person runs: ${command(programName(program), directory, known.address)}`,
        };
      },
      close: async () => {},
    };
  },
};

/** The resource, once it is another than it was and whole. */
async function made(tool: Terraform, { address, id }: Known) {
  const now = (await tool.resources()).find((one) => one.address === address);
  return now && !now.tainted && text(now.values['id']) !== id ? now : undefined;
}

const programName = (program: readonly string[]) => program.map(quoted).join(' ');

/** As a person types it. */
function command(name: string, directory: string, address: string): string {
  return printable(`${name} -chdir=${quoted(directory)} apply -replace=${quoted(address)}`);
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function tokenOf(token: string): Known {
  try {
    const { address, id } = object(JSON.parse(token) as unknown);
    if (typeof address === 'string' && typeof id === 'string') return { address, id };
  } catch {
    // Said below.
  }
  throw new ReplaceError('the token is none of this driver');
}
