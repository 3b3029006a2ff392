import { parseInstant } from '#adapters/kit/instant.ts';
import { isObject } from '#adapters/kit/json-body.ts';
import type { Observation, Resolution, Resolve } from '#adapters/kit/resolution.ts';
import { type RecordState, resolveRecord } from '#adapters/kit/resolve-record.ts';
import { OPERATIONS } from './definition.ts';
import type { Fields } from './records.ts';
import type { ZohoSettings } from './settings.ts';
import { compileStages, type Stage } from './stages.ts';

/**
 * Compiles the settings to the resolution of observations. Zoho tells created, updated and deleted
 * apart, and states what changed alone; whether a deal is won or lost only its stage tells. It is
 * looked up here and not when the body comes, so that resolving again counts stages added since.
 */
export function makeResolve(settings: ZohoSettings): Resolve {
  const stageOf = compileStages(settings.deal_stages);
  return (observation, known, context) => {
    const state = readState(observation);
    const name = stageName(state);
    const stage: Stage | undefined = name === undefined ? undefined : stageOf(name);
    const resolution = resolveRecord({ ...state, outcome: stage?.outcome }, known, context);
    return name !== undefined && stage === undefined ? withStageUnknown(resolution) : resolution;
  };
}

function readState(observation: Observation): RecordState {
  const { payload } = observation;
  const change = OPERATIONS.get(String(payload.operation).toLowerCase()) ?? 'updated';
  const version = versionOf(payload);
  return {
    entityType: observation.entity_type,
    entityId: observation.entity_id,
    change,
    fields: { ...changedUntold(payload, version), ...fieldsOf(payload.values) },
    complete: false,
    version,
    createdAtMs: null,
    outcome: undefined,
  };
}

/** The time of the state: of the server, or of the record where a workflow states it with an offset. */
function versionOf({ server_time, modified_time }: Fields): number | null {
  if (typeof server_time === 'number') return server_time;
  return typeof modified_time === 'string'
    ? (parseInstant(modified_time, 'iso8601') ?? null)
    : null;
}

/** A field that changed to a value that is not told: it is another one than before, and than later. */
function changedUntold({ affected_fields }: Fields, version: number | null): Fields {
  const names = Array.isArray(affected_fields) ? affected_fields : [];
  return Object.fromEntries(names.map((name) => [String(name), { changed_at: version }]));
}

function fieldsOf(values: unknown): Fields {
  return isObject(values) ? values : {};
}

function stageName({ entityType, change, fields }: RecordState): string | undefined {
  const { Stage: stage } = fields;
  if (entityType !== 'deal' || change === 'deleted') return undefined;
  return typeof stage === 'string' && stage !== '' ? stage : undefined;
}

function withStageUnknown({ events, ...resolution }: Resolution): Resolution {
  return {
    ...resolution,
    events: events.map((event) => ({ ...event, extra: { ...event.extra, stage_unknown: true } })),
  };
}
