import { isObject } from '#adapters/kit/json-body.ts';
import type { Observation, Resolve } from '#adapters/kit/resolution.ts';
import { type Outcome, type RecordState, resolveRecord } from '#adapters/kit/resolve-record.ts';
import type { Operation } from './definition.ts';
import { outcomeOf, outcomesByStage } from './outcome.ts';
import { stateTime, timeOf } from './record-times.ts';
import type { SalesforceSettings } from './settings.ts';
import type { Fields } from './sobject.ts';

const CHANGES: Readonly<Record<Operation, RecordState['change']>> = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  undelete: 'restored',
};

/** What an observation says of its state, beside the fields. */
type Told = Pick<RecordState, 'change' | 'complete' | 'version'>;

/** Compiles the settings to the meaning of observations, of all ways in alike. */
export function makeResolve({ opportunity_stages }: SalesforceSettings): Resolve {
  const byStage = outcomesByStage(opportunity_stages);
  return (observation, known, context) =>
    resolveRecord(stateOf(observation, byStage), known, context);
}

function stateOf(observation: Observation, byStage: ReadonlyMap<string, Outcome>): RecordState {
  const { entity_type: entityType, entity_id: entityId, payload } = observation;
  const record = isObject(payload.record) ? payload.record : {};
  // Neither is a value that changes; `attributes` is what REST and Apex put beside the fields.
  const { Id: _id, attributes: _attributes, ...fields } = record;
  return {
    entityType,
    entityId,
    ...told(observation, record),
    fields,
    createdAtMs: timeOf(record.CreatedDate) ?? null,
    outcome: entityType === 'opportunity' ? outcomeOf(record, byStage) : undefined,
  };
}

function told({ occurred_at, payload }: Observation, record: Fields): Told {
  if (payload.channel === 'outbound_message') {
    // Fields that have no value are left out of a message, so it is a whole state.
    const change = record.IsDeleted === true ? 'deleted' : 'upsert';
    return { change, complete: true, version: stateTime(record) ?? null };
  }
  const operation = payload.operation as Operation;
  const change = CHANGES[operation];
  const occurredAtMs = Date.parse(occurred_at);
  if (payload.channel === 'cdc') {
    const complete = change === 'restored' && payload.gap !== true;
    return { change, complete, version: occurredAtMs };
  }
  const isEnd = change === 'deleted' || change === 'restored';
  const statedMs = payload.occurred_at === undefined ? null : occurredAtMs;
  return {
    change,
    // A creation is told even where later changes came first; as a whole state it would be stale.
    complete: payload.complete === true && change !== 'created',
    version: isEnd ? occurredAtMs : (stateTime(record) ?? statedMs),
  };
}
