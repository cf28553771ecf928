import type { Settings } from '../../core/replacement.ts';
import { type AwsSettings, awsSettings } from '../aws/settings.ts';

/** Settings of the driver, as its schema accepts them. */
export interface Ec2Settings extends AwsSettings {
  strategy?: 'launch' | 'root-volume';
  launchTemplate?: { id?: string; name?: string; version?: string };
  swap?: 'none' | 'elastic-ip';
  copyTags?: boolean;
  terminate?: boolean;
  upSeconds?: number;
  everySeconds?: number;
  keepVolume?: boolean;
}

/** Types them. */
export const of = (settings: Settings) => settings as Ec2Settings;

export const ec2Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...awsSettings,
    strategy: {
      enum: ['launch', 'root-volume'],
      description: 'launch (default): another instance; root-volume: another root volume under the same instance',
    },
    launchTemplate: {
      type: 'object',
      additionalProperties: false,
      description: 'what new ones are launched from; else what the old one was launched from',
      properties: {
        id: { type: 'string', pattern: '^lt-[0-9a-f]+$' },
        name: { type: 'string', minLength: 3, maxLength: 128 },
        version: { type: 'string', pattern: '^(\\d{1,18}|\\$Latest|\\$Default)$', description: 'default $Default' },
      },
      oneOf: [{ required: ['id'] }, { required: ['name'] }],
    },
    swap: { enum: ['none', 'elastic-ip'], description: 'what the new one takes over from the old (default none)' },
    copyTags: { type: 'boolean', description: 'the new one gets the tags of the old one (default true)' },
    terminate: { type: 'boolean', description: 'the old one is ended (default true)' },
    upSeconds: {
      ...{ type: 'number', exclusiveMinimum: 0, maximum: 7200 },
      description: 'until the new one must pass its status checks (default 900)',
    },
    everySeconds: { type: 'number', exclusiveMinimum: 0, maximum: 600, description: 'between two looks (default 5)' },
    keepVolume: { type: 'boolean', description: 'root-volume: the old volume is kept, detached (default false)' },
  },
} as const;
