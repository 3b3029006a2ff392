// What `terraform validate` would find about variables, outputs and references. It needs the provider,
// which tests do not download; the provider's own arguments are not checked.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXAMPLE, MODULES, place, ROOT, readConfiguration } from './configuration.ts';

const { blocks, example, folders, localNames, text } = await readConfiguration();

describe('what terraform validate would find without a provider', () => {
  it.each(folders)('%s refers only to what it declares, and uses what it declares', (folder) => {
    const uses = (pattern: RegExp) =>
      new Set([...text(folder).matchAll(pattern)].map(([, name]) => name));
    const variables = blocks('variable', folder).map(({ name }) => name);
    expect([...uses(/\bvar\.(\w+)/g)].sort()).toEqual(variables.sort());
    const locals = localNames(folder);
    expect([...uses(/\blocal\.(\w+)/g)].sort()).toEqual(locals.sort());
    const declared = [...blocks('resource', folder), ...blocks('data', folder)].map(
      ({ kind, type, name }) => `${kind === 'data' ? 'data.' : ''}${type}.${name}`,
    );
    const named = [...uses(/(?<![\w"./])((?:data\.)?google_\w+\.\w+)/g)];
    expect(named.filter((name) => !declared.includes(name ?? ''))).toEqual([]);
  });

  it.each(folders)('%s says what each variable and output is, and pins the provider', (folder) => {
    const silent = [...blocks('variable', folder), ...blocks('output', folder)].filter(
      ({ body }) => !body.description || (body.type === undefined && body.value === undefined),
    );
    expect(silent.map(place)).toEqual([]);
    expect(text(folder)).toMatch(/version = "~> 7\.45"/);
  });

  it('module calls give what a module asks for, and nothing it does not know', () => {
    const calls = blocks('module');
    expect(calls.length).toBeGreaterThan(10);
    for (const { folder, name, body } of calls) {
      const source = join(folder, String(body.source));
      const variables = blocks('variable', source);
      const given = Object.keys(body).filter(
        (one) => !['source', 'depends_on', 'for_each', 'count'].includes(one),
      );
      const known = variables.map((one) => one.name);
      const needed = variables.filter((one) => !('default' in one.body)).map((one) => one.name);
      expect([name, given.filter((one) => !known.includes(one))]).toEqual([name, []]);
      expect([name, needed.filter((one) => !given.includes(one))]).toEqual([name, []]);
    }
  });

  it('outputs that are read exist', () => {
    const read = [...text(EXAMPLE).matchAll(/\bmodule\.(\w+)\.(\w+)/g)];
    expect(read.length).toBeGreaterThan(10);
    for (const [, name, output] of read) {
      const call = blocks('module', EXAMPLE).find((one) => one.name === name);
      const outputs = blocks('output', join(EXAMPLE, String(call?.body.source)));
      expect(outputs.map((one) => one.name)).toContain(output);
    }
  });

  it('the example gives a value to every variable without one, and to no other name', () => {
    const variables = blocks('variable', EXAMPLE);
    const known = variables.map(({ name }) => name);
    const needed = variables.filter(({ body }) => !('default' in body)).map(({ name }) => name);
    expect(Object.keys(example).filter((name) => !known.includes(name))).toEqual([]);
    expect(needed.filter((name) => !(name in example))).toEqual([]);
  });

  it('every module is used', () => {
    const used = blocks('module').map(({ folder, body }) => join(folder, String(body.source)));
    const made = globSync(`${MODULES}/*/main.tf`, { cwd: ROOT }).map((path) => join(path, '..'));
    expect([...new Set(used)].sort()).toEqual(made.sort());
  });
});
