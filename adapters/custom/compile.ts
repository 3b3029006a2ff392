import { collectFaults } from '#adapters/kit/faults.ts';
import { compileVerifier, type Verifier } from '#adapters/kit/verification/verifier.ts';
import { type AddressList, compileAddressList } from './address-list.ts';
import { type Challenges, compileChallenges } from './challenge.ts';
import type { Definition } from './definition-schema.ts';
import { compileExtractor } from './extract.ts';
import { parseDefinition } from './parse-definition.ts';
import type { CustomSettings } from './settings.ts';
import { compileWebhook, type Webhook } from './webhook.ts';

/** A definition, checked, with everything it says compiled. */
export interface Compiled {
  readonly definition: Definition;
  readonly verifier: Verifier;
  readonly allowsAddress: AddressList;
  readonly challenges: Challenges;
  readonly webhook: Webhook;
}

/** @throws InvalidSettings with every fault of the definition */
export function compileDefinition(settings: CustomSettings): Compiled {
  const definition = parseDefinition(settings.definition);
  return collectFaults((report) => {
    const verifier = compileVerifier(definition, report);
    const challenges = compileChallenges(definition, verifier, report);
    const extract = compileExtractor(definition, verifier, report);
    return {
      definition,
      verifier,
      allowsAddress: compileAddressList(definition.network?.ipAllow, report),
      challenges,
      webhook: compileWebhook(definition, challenges, extract, report),
    };
  });
}
