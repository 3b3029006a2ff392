import type { Adapter } from '#adapters/kit/adapter.ts';
import { collectFaults } from '#adapters/kit/faults.ts';
import { readRequest } from '#adapters/kit/verification/request-reader.ts';
import { compileVerifier } from '#adapters/kit/verification/verifier.ts';
import { compileExtractor } from './extract.ts';
import { SKIP_REASONS } from './item.ts';
import { buildSample } from './sample.ts';
import { type CustomSettings, parseDefinition, settingsSchema } from './settings.ts';

/** An adapter made of data: the connection's definition says how to verify and what to extract. */
export const customAdapter: Adapter<CustomSettings> = {
  provider: 'custom',
  title: 'Custom',
  eventTypes: ['*'],
  skipReasons: SKIP_REASONS,
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
