import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Report } from '#adapters/kit/faults.ts';
import { InvalidBody } from '#schemas/problems.ts';
import type { ItemSchemaDefinition } from './extract-schema.ts';
import { checkHostile } from './hostile-schema.ts';

/**
 * What is wrong with an item, as the rule it breaks, or undefined. Holds nothing of the item.
 *
 * @throws InvalidBody for a schema whose onInvalid is fail
 */
export type SchemaCheck = (item: unknown) => string | undefined;

/**
 * Compiles `inputSchema` or `outputSchema`. What could make validation run long is reported instead.
 *
 * @param field which of the two
 */
export function compileItemSchema(
  definition: ItemSchemaDefinition | undefined,
  field: 'inputSchema' | 'outputSchema',
  report: Report,
): SchemaCheck {
  if (definition === undefined) return passes;
  const check = compile(definition.schema, field, report);
  if (definition.onInvalid === 'quarantine') return check;
  return (item) => {
    const broken = check(item);
    if (broken !== undefined) throw new InvalidBody(broken);
    return undefined;
  };
}

function compile(
  schema: ItemSchemaDefinition['schema'],
  field: string,
  report: Report,
): SchemaCheck {
  const at = `/definition/extract/${field}/schema`;
  const faults = checkHostile(schema);
  for (const { pointer, message } of faults) report(`${at}${pointer}`, message);
  if (faults.length > 0) return passes;
  // One instance per definition: ajv keeps every schema it has seen. Names such as `constructor`
  // are looked for among own properties only.
  const ajv = new Ajv2020({
    ownProperties: true,
    strictTypes: false,
    strictTuples: false,
    validateFormats: false,
    logger: false,
  });
  try {
    const validate = ajv.compile(schema);
    return (item) => {
      if (validate(item)) return undefined;
      const [error] = validate.errors ?? [];
      return `The item breaks the rule ${error?.schemaPath ?? '#'} of ${field}.`;
    };
  } catch (error) {
    report(at, `does not compile: ${error instanceof Error ? error.message : 'unknown reason'}`);
    return passes;
  }
}

/** No schema, or one whose faults are reported; the definition of such a one is never bound. */
const passes: SchemaCheck = () => undefined;
