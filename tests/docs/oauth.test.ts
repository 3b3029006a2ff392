import { expect, it } from 'vitest';
import { oauthProviders } from '#adapters/oauth-registry.ts';
import { PROBLEM_KINDS } from '#schemas/problems.ts';
import { read, tableRows } from './documents.ts';

const document = read('docs/oauth.md');
const providers = [...oauthProviders().values()];

it('the table of apps has every provider, with its required scopes', () => {
  const rows = tableRows(document, 'provider', 'where the app is made');
  const required = providers.map(({ provider, scopes }) => [
    provider,
    scopes.filter((scope) => scope.required).map(({ name }) => name),
  ]);
  const scopesIn = (cell = '') => cell.replaceAll('`', '').split(' ');
  expect(
    rows.map(([provider, , cell]) => [provider, cell === 'none' ? [] : scopesIn(cell)]),
  ).toEqual(required);
});

it('the table of differences has every provider, and says who can revoke', () => {
  const rows = tableRows(document, 'provider', 'lifetime of a token');
  expect(rows.map(([provider, , , , revocation]) => [provider, revocation !== 'none'])).toEqual(
    providers.map(({ provider, revocation }) => [provider, revocation !== undefined]),
  );
});

it('the settings that decide addresses are those of the providers', () => {
  const rows = tableRows(document, 'provider', 'setting');
  for (const [provider, setting] of rows) {
    const parsed = oauthProviders()
      .get(provider ?? '')
      ?.settings.parse({});
    expect(Object.keys(parsed ?? {})).toEqual([setting]);
  }
  const withSettings = providers.filter((one) => Object.keys(one.settings.parse({})).length > 0);
  expect(rows).toHaveLength(withSettings.length);
});

it('every code of a failure exists, and none of OAuth is left out', () => {
  const codes = tableRows(document, 'code', 'what happened').map(([code]) => code);
  const known = PROBLEM_KINDS.map(({ code }) => code);
  expect(known).toEqual(expect.arrayContaining(codes));
  expect(codes).toEqual(expect.arrayContaining(known.filter((code) => code.startsWith('oauth_'))));
});
