import { createObjectStatement, createTableStatement } from './ddl.ts';
import type { DeclaredSchema } from './declared-schema.ts';
import { qualify } from './qualify.ts';
import { policyStatement } from './row-access.ts';

/** The whole schema as one script, for people to read or to run themselves. */
export function schemaScript(declared: DeclaredSchema): string {
  const names = new Set([...declared.tables, ...declared.objects].map(({ name }) => name));
  const statements = [
    ...declared.tables.map(createTableStatement),
    ...declared.objects.map(createObjectStatement),
    ...declared.policies.map(policyStatement),
  ];
  return statements.map((sql) => `${qualify(sql, names, declared.name)};\n`).join('\n');
}
