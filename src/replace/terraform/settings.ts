import type { Settings } from '../../core/replacement.ts';

/** Settings of the driver, as its schema accepts them. */
export interface TerraformSettings {
  directory: string;
  mode?: 'print' | 'apply';
  program?: string[];
  workspace?: string;
  varFiles?: string[];
  idAttributes?: string[];
  hostAttribute?: string;
  lockSeconds?: number;
  timeoutSeconds?: number;
}

/** Types them. */
export const of = (settings: Settings) => settings as unknown as TerraformSettings;

const texts = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 } as const;

export const terraformSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['directory'],
  properties: {
    directory: { type: 'string', minLength: 1, description: 'root module, after "terraform init"' },
    mode: {
      enum: ['print', 'apply'],
      description: 'print (default): says the command, and waits until a person has run it; apply: runs it',
    },
    program: { ...texts, description: 'program and first arguments (default terraform; tofu, or a wrapper)' },
    workspace: { type: 'string', pattern: '^[A-Za-z0-9_.-]+$' },
    varFiles: { ...texts, description: 'of the plan' },
    idAttributes: {
      ...texts,
      description: 'attributes in which the instance id stands in the state (default id, instance_id)',
    },
    hostAttribute: {
      type: 'string',
      minLength: 1,
      description:
        'attribute with the host or address of a new instance, such as private_ip (default: the old address)',
    },
    lockSeconds: { type: 'integer', minimum: 0, maximum: 86_400, description: 'to wait for the state (default 60)' },
    timeoutSeconds: { type: 'number', exclusiveMinimum: 0, maximum: 86_400, description: 'of one call (default 3600)' },
  },
} as const;
