import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Report } from '#adapters/kit/faults.ts';
import type { InputSchemaDefinition } from './extract-schema.ts';
import { checkHostile } from './hostile-schema.ts';

/** What is wrong with an item, as pointer and rule, or undefined. Holds nothing of the item. */
export type InputCheck = (item: unknown) => string | undefined;

const AT = '/definition/extract/inputSchema/schema';

/** Compiles the schema of an item. What could make validation run long is reported instead. */
export function compileInputSchema({ schema }: InputSchemaDefinition, report: Report): InputCheck {
  const faults = checkHostile(schema);
  for (const { pointer, message } of faults) report(`${AT}${pointer}`, message);
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
      return `The item breaks the rule ${error?.schemaPath ?? '#'} of the input schema.`;
    };
  } catch (error) {
    report(AT, `does not compile: ${error instanceof Error ? error.message : 'unknown reason'}`);
    return passes;
  }
}

/** Stands for a schema whose faults are reported; the definition it is in is never bound. */
const passes: InputCheck = () => undefined;
