import type { DealPipeline } from './deal-stages.ts';

const stage = (id: string, isClosed: 'true' | 'false', probability: string) => ({
  id,
  metadata: { isClosed, probability },
});

/** A pipeline beside the default one, as HubSpot spells it: two open stages, four closed ones. */
export const RENEWALS: DealPipeline = {
  id: '75e28846',
  label: 'Renewals',
  stages: [
    stage('1043980', 'false', '0.3'),
    stage('1043981', 'false', '1.0'),
    stage('1043986', 'true', '1.0'),
    stage('1043989', 'true', '1'),
    stage('1043987', 'true', '0.0'),
    stage('1043988', 'true', '0.5'),
  ],
};
