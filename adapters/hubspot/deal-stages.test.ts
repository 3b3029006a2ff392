import { describe, expect, it } from 'vitest';
import { type DealPipeline, stageOutcomes } from './deal-stages.ts';
import { RENEWALS } from './pipelines.test-support.ts';
import { settingsSchema } from './settings.ts';

// Real: the settings as they are saved, and the outcomes made of them. Nothing is doubled.

const stage = (id: unknown, isClosed: unknown, probability: unknown) => ({
  id,
  metadata: { isClosed, probability },
});
const parse = (deal_pipelines: unknown) => settingsSchema.safeParse({ deal_pipelines });
const outcomes = (pipelines: readonly unknown[]) =>
  Object.fromEntries(
    stageOutcomes(settingsSchema.parse({ deal_pipelines: pipelines }).deal_pipelines ?? []),
  );

describe('the outcome of a stage', () => {
  it.each([
    ['true', '1.0', 'won'],
    ['true', '1', 'won'],
    ['true', '1.00000000000000000000', 'won'],
    ['true', 1, 'won'],
    [true, '1.0', 'won'],
    ['true', '0.0', 'lost'],
    ['true', '0', 'lost'],
    ['true', 0, 'lost'],
    // A double cannot tell these two from 1 and 0.
    ['true', '0.99999999999999999999', undefined],
    ['true', '0.00000000000000000000000001', undefined],
    ['true', '0.5', undefined],
    ['true', 0.5, undefined],
    ['false', '1.0', undefined],
    ['false', '0.0', undefined],
    [false, 0, undefined],
  ])('closed %j at probability %j is %s', (isClosed, probability, outcome) => {
    const pipelines = [{ id: 'p', stages: [stage('7', isClosed, probability)] }];
    expect(outcomes(pipelines)['7']).toBe(outcome);
  });
});

describe('the outcomes of an account', () => {
  const own = (id: string, ...stages: unknown[]) => ({ id, stages });

  it.each([
    ['nothing listed', [], { closedwon: 'won', closedlost: 'lost' }],
    [
      'another pipeline listed',
      [RENEWALS],
      {
        closedwon: 'won',
        closedlost: 'lost',
        '1043986': 'won',
        '1043989': 'won',
        '1043987': 'lost',
      },
    ],
    ['the default pipeline listed', [own('default', stage('9', 'true', '1.0'))], { '9': 'won' }],
    [
      'the default pipeline listed with another meaning',
      [own('default', stage('closedwon', 'true', '0.0'), stage('closedlost', 'false', '0.1'))],
      { closedwon: 'lost' },
    ],
    [
      'a stage of a default name in another pipeline',
      [own('p', stage('closedlost', 'false', '0.1'))],
      { closedwon: 'won' },
    ],
    [
      'names that every object has',
      [own('__proto__', stage('constructor', 'true', '1.0'))],
      { closedwon: 'won', closedlost: 'lost', constructor: 'won' },
    ],
  ])('with %s', (_name, pipelines, expected) => {
    expect(outcomes(pipelines)).toEqual(expected);
  });
});

describe('the setting', () => {
  it('takes the answer of HubSpot as it is, and drops what it does not need', () => {
    const answer = [
      {
        ...RENEWALS,
        displayOrder: 1,
        createdAt: '2024-03-01T10:00:00Z',
        archived: false,
        stages: RENEWALS.stages.map((one) => ({
          ...one,
          displayOrder: 0,
          writePermissions: 'CRM_PERMISSIONS_ENFORCEMENT',
          metadata: { ...one.metadata, extra: 'kept nowhere' },
        })),
      },
    ];
    const { deal_pipelines } = settingsSchema.parse({ deal_pipelines: answer });
    expect(deal_pipelines).toEqual<DealPipeline[]>([RENEWALS]);
    // What is stored is read again at every start.
    expect(settingsSchema.parse({ deal_pipelines }).deal_pipelines).toEqual(deal_pipelines);
  });

  it('takes a stage that stands twice with one outcome', () => {
    expect(parse([RENEWALS, { ...RENEWALS, id: 'copy' }]).success).toBe(true);
    const open = [stage('7', 'false', '0.1'), stage('7', 'true', '0.5')];
    expect(parse([{ id: 'p', stages: open }]).success).toBe(true);
  });

  it.each([
    ['won and lost', stage('7', 'true', '1.0'), stage('7', 'true', '0.0'), 'lost here and won'],
    ['won and open', stage('7', 'true', '1.0'), stage('7', 'false', '1.0'), 'neither won nor lost'],
  ])('refuses a stage that is %s', (_name, one, other, says) => {
    const result = parse([
      { id: 'p', stages: [one] },
      { id: 'q', stages: [stage('8', 'false', '0.1'), other] },
    ]);
    expect(result.error?.issues).toMatchObject([
      { path: ['deal_pipelines', 1, 'stages', 1, 'id'], message: expect.stringContaining(says) },
    ]);
  });

  const one = { id: 'p', stages: [stage('7', 'true', '1.0')] };
  it.each([
    ['no array', { results: [one] }],
    ['a pipeline without stages', [{ id: 'p', stages: [] }]],
    ['more than a hundred pipelines', Array(101).fill(one)],
    ['a stage id that is a number', [{ id: 'p', stages: [stage(7, 'true', '1.0')] }]],
    ['an empty stage id', [{ id: 'p', stages: [stage('', 'true', '1.0')] }]],
    ['a probability past 1', [{ id: 'p', stages: [stage('7', 'true', '1.1')] }]],
    ['a negative probability', [{ id: 'p', stages: [stage('7', 'true', '-0.1')] }]],
    ['a probability in words', [{ id: 'p', stages: [stage('7', 'true', 'high')] }]],
    ['an exponent', [{ id: 'p', stages: [stage('7', 'true', '1e0')] }]],
    ['a stage that may be closed', [{ id: 'p', stages: [stage('7', 'maybe', '1.0')] }]],
    ['a stage of tickets', [{ id: 'p', stages: [{ id: '1', metadata: { ticketState: 'OPEN' } }] }]],
  ])('refuses %s', (_name, pipelines) => {
    expect(parse(pipelines).success).toBe(false);
  });
});
