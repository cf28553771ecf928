import type { RefreshPreferences } from '@aws-sdk/client-auto-scaling';
import type { Settings } from '../../core/replacement.ts';
import { type AwsSettings, awsSettings } from '../aws/settings.ts';

/** Settings of the driver, as its schema accepts them. */
export interface AsgSettings extends AwsSettings {
  strategy?: 'terminate' | 'health' | 'refresh' | 'root-volume';
  autoScalingGroup?: string;
  minHealthyPercent?: number;
  maxHealthyPercent?: number;
  warmupSeconds?: number;
  skipMatching?: boolean;
  checkpointPercents?: number[];
  checkpointSeconds?: number;
}

/** Types them. */
export const of = (settings: Settings) => settings as AsgSettings;

/** Limits are those of RefreshPreferences in the API reference of Auto Scaling. */
export const asgSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...awsSettings,
    strategy: {
      enum: ['terminate', 'health', 'refresh', 'root-volume'],
      description:
        'terminate (default): this instance alone; health: it is called unhealthy and the group replaces it; refresh, root-volume: an instance refresh of the WHOLE group',
    },
    autoScalingGroup: {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      description: 'its group; needed only for instances that are gone already',
    },
    minHealthyPercent: { type: 'integer', minimum: 0, maximum: 100, description: 'of a refresh (AWS: 90)' },
    maxHealthyPercent: { type: 'integer', minimum: 100, maximum: 200, description: 'of a refresh' },
    warmupSeconds: { type: 'integer', minimum: 0, description: 'of a refresh: after it a new instance counts' },
    skipMatching: {
      type: 'boolean',
      description: 'a refresh leaves instances alone that were launched as new ones would be (default false)',
    },
    checkpointPercents: {
      type: 'array',
      minItems: 1,
      items: { type: 'integer', minimum: 1, maximum: 100 },
      description: 'a refresh waits there; the last must be 100 for all to be replaced',
    },
    checkpointSeconds: { type: 'integer', minimum: 0, maximum: 172_800, description: 'how long (AWS: 3600)' },
  },
  dependentRequired: { checkpointSeconds: ['checkpointPercents'], maxHealthyPercent: ['minHealthyPercent'] },
} as const;

/** What an instance refresh is begun with. */
export function preferencesOf(settings: AsgSettings): RefreshPreferences {
  const { minHealthyPercent: least, maxHealthyPercent: most, warmupSeconds: warmup } = settings;
  const { checkpointPercents: checkpoints, checkpointSeconds: wait, skipMatching = false } = settings;
  return {
    SkipMatching: skipMatching,
    ...(least === undefined ? {} : { MinHealthyPercentage: least }),
    ...(most === undefined ? {} : { MaxHealthyPercentage: most }),
    ...(warmup === undefined ? {} : { InstanceWarmup: warmup }),
    ...(checkpoints === undefined ? {} : { CheckpointPercentages: checkpoints }),
    ...(wait === undefined ? {} : { CheckpointDelay: wait }),
  };
}
