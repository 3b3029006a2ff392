/**
 * A process for migrations.test.ts: migrates and ends. Arguments: the connection as JSON, the folder
 * of the migrations.
 */
import type { ServerConnection } from '../options.ts';
import { openPostgres } from '../postgres.ts';

const [connection = '', migrationsDir] = process.argv.slice(2);
const db = openPostgres({ connection: JSON.parse(connection) as ServerConnection, migrationsDir });
await db.migrate();
await db.close();
