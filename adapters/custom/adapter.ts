import type { Adapter } from '#adapters/kit/adapter.ts';
import { compileExtractor } from './extract.ts';
import { collectFaults } from './faults.ts';
import { readRequest } from './request-reader.ts';
import { buildSample } from './sample.ts';
import { type CustomSettings, parseDefinition, settingsSchema } from './settings.ts';
import { compileVerifier } from './verification/verifier.ts';

/** An adapter made of data: the connection's definition says how to verify and what to extract. */
export const customAdapter: Adapter<CustomSettings> = {
  provider: 'custom',
  title: 'Custom',
  eventTypes: ['*'],
  settingsSchema,
  samples: ['default'],
  bind(settings) {
    const { verifier, extract } = compile(settings);
    return {
      verify: (request, secrets) => verifier.verify(readRequest(request), secrets),
      webhook: (request) => extract(readRequest(request)),
    };
  },
  sample(options) {
    const { definition, verifier } = compile(options.settings);
    return buildSample(definition, verifier, options);
  },
};

/** @throws InvalidSettings with every fault of the definition */
function compile(settings: CustomSettings) {
  const definition = parseDefinition(settings.definition);
  return collectFaults((report) => {
    const verifier = compileVerifier(definition, report);
    return { definition, verifier, extract: compileExtractor(definition, verifier, report) };
  });
}
