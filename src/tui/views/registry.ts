import type { ViewName } from '../state.ts';
import { changesView } from './changes.ts';
import { findingView } from './finding.ts';
import { fleetView } from './fleet.ts';
import { gapView } from './gap.ts';
import { helpView } from './help.ts';
import { imagesView, imageView } from './images.ts';
import { instanceView } from './instance.ts';
import { planView } from './plan.ts';
import type { View } from './view.ts';
import { waiveView } from './waive.ts';

/** All screens by name. */
export const views: Record<ViewName, View> = {
  fleet: fleetView,
  images: imagesView,
  changes: changesView,
  plan: planView,
  instance: instanceView,
  finding: findingView,
  gap: gapView,
  image: imageView,
  waive: waiveView,
  help: helpView,
};
