// A double of Terraform 1.11's command line, for machines that have none: plan -replace, show -json and apply of a saved plan, with
// a state that is locked and has a serial. Its resources are those of `resources.json`: [{ "address", "input" }]. The words of its errors
// are Terraform's own.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [chdir = '', verb = '', ...rest] = process.argv.slice(2);
const dir = resolve(chdir.replace(/^-chdir=/, ''));
const at = (name) => join(dir, name);
const read = (name, otherwise) => (existsSync(at(name)) ? JSON.parse(readFileSync(at(name), 'utf8')) : otherwise);
const option = (name) => rest.find((one) => one.startsWith(`-${name}=`))?.slice(name.length + 2);
const fail = (...lines) => {
  process.stderr.write(`\nError: ${lines.join('\n\n')}\n`);
  process.exit(1);
};
const stateFile = 'terraform.tfstate';
const lockFile = '.terraform.tfstate.lock.info';
const state = () => read(stateFile, { serial: 0, resources: [] });
const wanted = () => read('resources.json', []);

function locked(act) {
  const until = Date.now() + Number((option('lock-timeout') ?? '0s').slice(0, -1)) * 1000;
  for (;;) {
    try {
      writeFileSync(at(lockFile), '{}', { flag: 'wx' });
      break;
    } catch {
      if (Date.now() >= until)
        fail('Error acquiring the state lock', 'Error message: resource temporarily unavailable\nLock Info:\n  ID: x');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
  try {
    act();
  } finally {
    rmSync(at(lockFile), { force: true });
  }
}

const shown = ({ address, id, input, tainted }) => ({
  ...{ address, mode: 'managed', type: 'terraform_data', ...(tainted ? { tainted } : {}) },
  values: { id, input },
});

if (verb === 'show') {
  const file = rest.find((one) => !one.startsWith('-'));
  if (file) process.stdout.write(JSON.stringify(JSON.parse(readFileSync(file, 'utf8')).plan));
  else {
    const { resources } = state();
    const root_module = { resources: resources.map(shown) };
    process.stdout.write(
      JSON.stringify({ format_version: '1.0', ...(resources.length > 0 ? { values: { root_module } } : {}) }),
    );
  }
} else if (verb === 'plan') {
  locked(() => {
    const { serial, resources } = state();
    const replace = rest.filter((one) => one.startsWith('-replace=')).map((one) => one.slice(9));
    const changes = wanted().map(({ address, input }) => {
      const old = resources.find((one) => one.address === address);
      const again =
        old && (replace.includes(address) || old.tainted || JSON.stringify(old.input) !== JSON.stringify(input));
      const actions = !old ? ['create'] : again ? ['delete', 'create'] : ['no-op'];
      return { address, mode: 'managed', change: { actions }, input };
    });
    const gone = resources.filter((one) => !wanted().some(({ address }) => address === one.address));
    changes.push(...gone.map(({ address }) => ({ address, mode: 'managed', change: { actions: ['delete'] } })));
    writeFileSync(
      option('out'),
      JSON.stringify({ serial, plan: { format_version: '1.2', resource_changes: changes } }),
    );
  });
} else if (verb === 'apply') {
  locked(() => {
    const file = rest.find((one) => !one.startsWith('-'));
    const { serial, plan } = JSON.parse(readFileSync(file, 'utf8'));
    const now = state();
    if (now.serial !== serial)
      fail(
        'Saved plan is stale',
        'The given plan file can no longer be applied because the state was changed by\nanother operation after the plan was created.',
      );
    let failed = '';
    for (const { address, change, input } of plan.resource_changes) {
      if (change.actions.includes('delete')) now.resources = now.resources.filter((one) => one.address !== address);
      if (!change.actions.includes('create')) continue;
      const tainted = existsSync(at('fail'));
      now.resources.push({ address, id: randomUUID(), input, ...(tainted ? { tainted } : {}) });
      if (tainted) failed = address;
    }
    now.serial++;
    writeFileSync(at(stateFile), JSON.stringify(now));
    writeFileSync(at('applied'), 'x', { flag: 'a' });
    if (failed) {
      rmSync(at(lockFile), { force: true });
      fail('local-exec provisioner error', `  with ${failed},\n  on main.tf line 5`);
    }
  });
} else fail(`Terraform has no command named "${verb}".`);
