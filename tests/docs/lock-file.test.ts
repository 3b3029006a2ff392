// package-lock.json as `npm run lock` makes it: complete, and of no particular registry.
import { expect, it } from 'vitest';
import { read } from './documents.ts';

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly resolved?: string; readonly integrity?: string }>
  >;
}

const lock = JSON.parse(read('package-lock.json')) as Lock;
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

it('names no registry', () => {
  expect(packages.filter(([, entry]) => entry.resolved !== undefined)).toStrictEqual([]);
});

it('holds the integrity of every package', () => {
  expect(packages.length).toBeGreaterThan(50);
  expect(packages.filter(([, entry]) => entry.integrity === undefined)).toStrictEqual([]);
});
