// Writes every generated file. A test fails when one of them is not up to date.
import { writeFile } from 'node:fs/promises';
import { eventJsonSchema } from '#schemas/json-schema.ts';

const target = new URL('../schemas/generated/event.schema.json', import.meta.url);
await writeFile(target, `${JSON.stringify(eventJsonSchema(), null, 2)}\n`);
console.log('schemas/generated/event.schema.json');
