/**
 * A process for crash.test.ts. Arguments: the database's folder, what to do, the first number.
 *
 * `commit`: commits n, n + 1… into the table `committed`, a transaction each, and prints every
 * number once its commit has returned, until it is killed.
 * `close`: commits one and closes; the process is to end by itself.
 */
import { writeSync } from 'node:fs';
import { openPglite } from './pglite.ts';

const [dir = '', act = '', first = '0'] = process.argv.slice(2);
const db = await openPglite({ dir });
await db.query('CREATE TABLE IF NOT EXISTS committed (n integer PRIMARY KEY, filler text)');

for (let n = Number(first); ; n += 1) {
  await db.transaction(async (tx) => {
    await tx.query('INSERT INTO committed VALUES ($1, $2)', [n, 'x'.repeat(n % 500)]);
    await tx.query('UPDATE committed SET filler = $2 WHERE n = $1', [n - 1, 'seen']);
  });
  writeSync(1, `${n}\n`);
  if (act === 'close') break;
}
await db.close();
