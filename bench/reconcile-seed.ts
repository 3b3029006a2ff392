// Fills a data folder with an outbox and its proofs of passage, a day of them, by SQL inside DuckDB.
// Prints one line of JSON once it is done.
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';

const [dataDir = '', eventsText = '', gapsText = ''] = process.argv.slice(2);
const events = Number(eventsText);
const every = Math.floor(events / Number(gapsText));
const DAY_MS = 86_400_000;
const endMs = Date.now() - 60_000;

// Makes the tables as the product does.
await (await openDuckDbWarehouse({ dataDir })).close();
const instance = await DuckDBInstance.create(join(dataDir, 'warehouse.duckdb'), {
  threads: '2',
  memory_limit: '2GB',
});
const connection = await instance.connect();

/** Columns of event number i. Ids look like UUIDs of version 5, payloads like HubSpot's. */
await connection.run(`
CREATE TEMP VIEW events AS
SELECT
  i,
  SUBSTR(h, 1, 8) || '-' || SUBSTR(h, 9, 4) || '-5' || SUBSTR(h, 14, 3) || '-a' || SUBSTR(h, 18, 3)
    || '-' || SUBSTR(h, 21, 12) AS event_id,
  (i % 200000 + 51000000000)::VARCHAR AS entity_id,
  'con_0123456789abcdef0123456789abcdef' AS connection_id,
  MD5('trace' || i) AS trace_id,
  TIMESTAMP '1970-01-01' + TO_MILLISECONDS(${endMs - DAY_MS} + i * ${DAY_MS} // ${events}) AS received_at,
  '{"appId":1160452,"attemptNumber":0,"changeSource":"CRM_UI","eventId":' || (i * 7919)
    || ',"objectId":"' || (i % 200000 + 51000000000) || '","portalId":62515,"propertyName":"amount",'
    || '"propertyValue":"' || (i * 31 % 1000000) || '.50","sourceId":"userId:' || (i % 977)
    || '","subscriptionId":2284111,"subscriptionType":"deal.propertyChange","note":"' || MD5('note' || i)
    || '"}' AS payload
FROM (SELECT i, MD5(i::VARCHAR) AS h FROM RANGE(${events}) AS numbers (i))`);

const iso = (column: string) => `STRFTIME(${column}, '%Y-%m-%dT%H:%M:%S.%gZ')`;

await connection.run(`
INSERT INTO integration_events_outbox BY NAME
SELECT
  event_id, 'deal.updated' AS event_type, 'deal' AS entity_type, entity_id, 'default' AS tenant_id,
  connection_id, 'hubspot' AS provider, received_at AS occurred_at, received_at,
  '1.0' AS schema_version, trace_id, 'webhook' AS source, payload
FROM events WHERE i % ${every} <> 7`);

await connection.run(`
INSERT INTO integration_events_published BY NAME
SELECT
  'integration-events-published' AS subscription_name,
  i::VARCHAR AS message_id,
  received_at + TO_MILLISECONDS(3) AS publish_time,
  '{"event_id":"' || event_id || '","event_type":"deal.updated","entity_type":"deal","entity_id":"'
    || entity_id || '","tenant_id":"default","org_id":null,"connection_id":"' || connection_id
    || '","provider":"hubspot","occurred_at":"' || instant || '","received_at":"' || instant
    || '","schema_version":"1.0","payload":' || payload || ',"metadata":{"trace_id":"' || trace_id
    || '","source":"webhook","actor":null,"timestamp":"' || instant || '"}}' AS data,
  '{"event_id":"' || event_id || '","contentType":"application/json","ce-specversion":"1.0","ce-id":"'
    || event_id || '","ce-source":"/tenants/default/connections/' || connection_id
    || '","ce-type":"deal.updated","ce-subject":"deal/' || entity_id || '","ce-time":"' || instant
    || '","event_type":"deal.updated","tenant_id":"default","connection_id":"' || connection_id
    || '","provider":"hubspot","org_id":"org_0123456789abcdef0123456789abcdef","trace_id":"'
    || trace_id || '"}' AS attributes
FROM (SELECT *, ${iso('received_at')} AS instant FROM events WHERE i % ${every} <> 3)`);

const reader = await connection.runAndReadAll(`
SELECT
  (SELECT COUNT(*) FROM integration_events_outbox)::INTEGER AS outbox,
  (SELECT COUNT(*) FROM integration_events_published)::INTEGER AS published,
  (SELECT AVG(LENGTH(payload)) FROM integration_events_outbox LIMIT 1)::INTEGER AS payload_bytes,
  (SELECT AVG(LENGTH(attributes)) FROM integration_events_published LIMIT 1)::INTEGER AS attributes_bytes`);
const [seeded] = reader.getRowObjectsJson();
connection.closeSync();
instance.closeSync();
console.log(JSON.stringify(seeded));
