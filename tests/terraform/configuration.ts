import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from '@cdktf/hcl2json';

export const ROOT = join(import.meta.dirname, '..', '..');
export const EXAMPLE = 'terraform/environments/example';
export const MODULES = 'terraform/modules';
/** A project number for what is computed with it. */
export const PROJECT_NUMBER = '123456789012';

/** A value as hcl2json writes it: what Terraform would compute is text such as `${var.region}`. */
export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Body = { [name: string]: Value };

/** A resource or data source, a module call, a variable or an output. */
export interface Block {
  /** From the root of the repository, for example terraform/modules/bus. */
  readonly folder: string;
  readonly kind: 'resource' | 'data' | 'module' | 'variable' | 'output';
  /** Type of a resource, otherwise empty. */
  readonly type: string;
  readonly name: string;
  readonly body: Body;
}

export interface Configuration {
  /** Blocks of a kind, of one folder or of all. */
  blocks(kind: Block['kind'], folder?: string): Block[];
  resources(...types: readonly string[]): Block[];
  /** The one resource of this type and name. @throws Error when there is none or more */
  resource(type: string, name: string): Body;
  /** A local value of a folder. @throws Error when there is none */
  local(folder: string, name: string): Value;
  localNames(folder: string): string[];
  /** What a variable of a module is when nobody sets it. */
  defaultOf(module: string, variable: string): Value | undefined;
  /** The calls of the module that makes a Cloud Run service. */
  services(): Block[];
  /** Folders that hold Terraform. */
  readonly folders: readonly string[];
  /** The files of a folder as one text, without comments. */
  text(folder: string): string;
  /** What terraform.tfvars.example sets. */
  readonly example: Body;
}

/** Reads every .tf file of the repository. */
export async function readConfiguration(): Promise<Configuration> {
  const all: Block[] = [];
  const locals = new Map<string, Body>();
  const texts = new Map<string, string>();
  for (const path of globSync('terraform/**/*.tf', { cwd: ROOT }).sort()) {
    const text = readFileSync(join(ROOT, path), 'utf8');
    const folder = dirname(path);
    const parsed: Record<string, unknown> = await parse(path, text);
    all.push(...blocksOf(folder, parsed));
    for (const body of (parsed.locals as Body[] | undefined) ?? []) {
      locals.set(folder, { ...locals.get(folder), ...body });
    }
    texts.set(folder, `${texts.get(folder) ?? ''}\n${text.replaceAll(/^\s*#.*$/gm, '')}`);
  }
  const values = readFileSync(join(ROOT, EXAMPLE, 'terraform.tfvars.example'), 'utf8');
  const blocks: Configuration['blocks'] = (kind, folder) =>
    all.filter((one) => one.kind === kind && (folder === undefined || one.folder === folder));
  const resources: Configuration['resources'] = (...types) =>
    blocks('resource').filter(({ type }) => types.includes(type));
  return {
    blocks,
    resources,
    resource: (type, name) => {
      const [only, ...more] = resources(type).filter((one) => one.name === name);
      if (!only || more.length > 0) throw new Error(`One ${type}.${name} was expected.`);
      return only.body;
    },
    local: (folder, name) => {
      const value = locals.get(folder)?.[name];
      if (value === undefined) throw new Error(`There is no local.${name} in ${folder}.`);
      return value;
    },
    localNames: (folder) => Object.keys(locals.get(folder) ?? {}),
    defaultOf: (module, variable) =>
      blocks('variable', join(MODULES, module)).find(({ name }) => name === variable)?.body.default,
    services: () =>
      blocks('module', EXAMPLE).filter(({ body }) => body.source === '../../modules/service'),
    folders: [...texts.keys()],
    text: (folder) => texts.get(folder) ?? '',
    example: (await parse('terraform.tfvars', values)) as Body,
  };
}

function blocksOf(folder: string, parsed: Record<string, unknown>): Block[] {
  const typed = (['resource', 'data'] as const).flatMap((kind) =>
    Object.entries((parsed[kind] as Record<string, Record<string, Body[]>>) ?? {}).flatMap(
      ([type, byName]) =>
        Object.entries(byName).flatMap(([name, bodies]) =>
          bodies.map((body) => ({ folder, kind, type, name, body })),
        ),
    ),
  );
  const named = (['module', 'variable', 'output'] as const).flatMap((kind) =>
    Object.entries((parsed[kind] as Record<string, Body[]>) ?? {}).flatMap(([name, bodies]) =>
      bodies.map((body) => ({ folder, kind, type: '', name, body })),
    ),
  );
  return [...typed, ...named];
}

/** All texts inside a value, at any depth. */
export function textsIn(value: Value | undefined): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

/** The one nested block of this name. @throws Error when there is none or more */
export function nested(body: Body, name: string): Body {
  const value = body[name];
  const [only, ...more] = Array.isArray(value) ? value : [];
  if (typeof only !== 'object' || only === null || Array.isArray(only) || more.length > 0) {
    throw new Error(`One block ${name} was expected.`);
  }
  return only;
}

/**
 * Replaces references by what they stand for.
 *
 * @param known what each reference means, such as `var.region`
 * @throws Error for a reference that is not known
 */
export function resolve(text: string, known: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\{(?:tostring\()?([^{}()]+)\)?\}/g, (_, reference: string) => {
    const value = known.get(reference);
    if (value === undefined) throw new Error(`What is ${reference}?`);
    return value;
  });
}

/** How hcl2json writes a value that is computed. */
export function computed(expression: string): string {
  return `\${${expression}}`;
}

/** Where a block is, for the message of a failure. */
export function place({ folder, type, name }: Block): string {
  return `${folder}: ${type}.${name}`;
}
