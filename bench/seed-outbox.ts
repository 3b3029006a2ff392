import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';

// Fills an outbox with SQL, in a process of its own, whose memory is gone when it is measured:
// bench/seed-outbox.ts DATA_DIR EVENTS. Eight changes a millisecond apart in ten milliseconds, of 50,000
// deals, each with a payload of some 500 bytes.
const [dataDir = '', events = '0'] = process.argv.slice(2);
await (await openDuckDbWarehouse({ dataDir })).close();
const instance = await DuckDBInstance.create(join(dataDir, 'warehouse.duckdb'), {
  memory_limit: '1GB',
});
const connection = await instance.connect();
await connection.run(
  `INSERT INTO integration_events_outbox BY NAME
   SELECT
     uuid()::VARCHAR AS event_id,
     'deal.updated' AS event_type,
     'deal' AS entity_type,
     (i % 50000)::VARCHAR AS entity_id,
     'bench' AS tenant_id,
     NULL AS org_id,
     'con_' || (i % 8) AS connection_id,
     'hubspot' AS provider,
     TIMESTAMP '2026-01-31 00:00:00' + to_milliseconds(i * 8 // 10) AS received_at,
     TIMESTAMP '2026-01-31 00:00:00' + to_milliseconds(i * 8 // 10 - hash(i) % 5000) AS occurred_at,
     '1.0' AS schema_version,
     md5(i::VARCHAR) AS trace_id,
     'webhook' AS source,
     NULL AS actor,
     json_object('amount', '12.50', 'dealname', 'Deal ' || i, 'note', repeat(md5((i * 7)::VARCHAR), 14))
       AS payload,
     '["amount"]' AS changed_fields
   FROM range($events::BIGINT) AS numbers (i)`,
  { events: Number(events) },
);
connection.closeSync();
instance.closeSync();
process.stdout.write('seeded\n');
