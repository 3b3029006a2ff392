import type { Verdict } from '../adapter.ts';
import type { Report } from '../faults.ts';
import { checkSigned } from './check-signed.ts';
import type { Place, SchemeDefinition } from './definitions.ts';
import { hashScheme } from './hash.ts';
import { jwtScheme } from './jwt.ts';
import { publicKeyScheme } from './public-key.ts';
import type { RequestReader } from './request-reader.ts';
import type { SampleDraft, Scheme } from './scheme.ts';
import { refused, VERIFIED } from './signature.ts';
import { basicScheme, staticTokenScheme } from './token.ts';

export interface Verifier {
  verify(reader: RequestReader, secrets: readonly string[]): Verdict;
  /** Whether a value read from this place is as sure as the body. */
  vouchesFor(from: Place, name: string): boolean;
  readonly acceptsPing: boolean;
  /** Signs a sample as the definition demands. @throws InvalidSettings when it cannot be signed */
  sign(draft: SampleDraft, secret: string): SampleDraft;
}

/** Which schemes a request is checked by, and whether one of them is enough. */
export interface VerificationDefinition {
  readonly require: 'any' | 'all';
  readonly verification: readonly SchemeDefinition[];
}

/**
 * Compiles schemes to one check.
 *
 * @param report told of every fault of the definition, with a pointer into the settings
 */
export function compileVerifier(definition: VerificationDefinition, report: Report): Verifier {
  const schemes = definition.verification.map((scheme, index) =>
    compileScheme(scheme, `/definition/verification/${index}`, report),
  );
  if (schemes.length > 1 && schemes.some(({ name }) => name === 'none')) {
    report('/definition/verification', 'none must stand alone: it verifies every request');
  }
  const all = definition.require === 'all';
  const signing = schemes.filter(({ signsContent }) => signsContent);
  return {
    verify: (reader, secrets) => {
      const verdicts = schemes.map((scheme) => scheme.verify(reader, secrets));
      return all ? everyVerdict(verdicts) : someVerdict(verdicts);
    },
    vouchesFor(from, name) {
      // Where any scheme will do, the weakest one decides.
      const covers = (scheme: Scheme) => scheme.covers(from, name);
      return signing.length === 0 || (all ? signing.some(covers) : signing.every(covers));
    },
    acceptsPing: schemes.some(({ acceptsPing }) => acceptsPing),
    sign: (draft, secret) =>
      (all ? schemes : schemes.slice(0, 1)).reduce(
        (signed, scheme) => scheme.sign(signed, secret),
        draft,
      ),
  };
}

function compileScheme(definition: SchemeDefinition, at: string, report: Report): Scheme {
  switch (definition.scheme) {
    case 'hmac':
    case 'digest':
      checkSigned(definition, at, report);
      return hashScheme(definition);
    case 'public-key':
      checkSigned(definition, at, report);
      return publicKeyScheme(definition, at, report);
    case 'static-token':
      return staticTokenScheme(definition);
    case 'basic':
      return basicScheme(definition);
    case 'jwt':
      return jwtScheme(definition, at, report);
    case 'none':
      return NONE;
  }
}

const NONE: Scheme = {
  name: 'none',
  signsContent: false,
  acceptsPing: false,
  covers: () => true,
  verify: () => VERIFIED,
  sign: (draft) => draft,
};

function everyVerdict(verdicts: readonly Verdict[]): Verdict {
  return verdicts.find(({ verified }) => !verified) ?? VERIFIED;
}

/** The first verdict that verifies, else the one that got furthest: a missing part tells least. */
function someVerdict(verdicts: readonly Verdict[]): Verdict {
  return (
    verdicts.find(({ verified }) => verified) ??
    verdicts.find((verdict) => !verdict.verified && verdict.reason !== 'signature_missing') ??
    refused('signature_missing')
  );
}
