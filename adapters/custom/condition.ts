import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import type { Report } from '#adapters/kit/faults.ts';

/** What a condition may look at: plain data, and nothing of ours. */
export interface ConditionInput {
  readonly item: unknown;
  /** The provider's name of the type. Not `type`, which CEL keeps for itself. */
  readonly eventType: string;
}

/** @throws whatever the evaluation ran into: a missing field, types that do not compare */
export type Condition = (input: ConditionInput) => boolean;

/** Longest condition, in bytes of UTF-8. */
export const MAX_CONDITION_BYTES = 1024;

/** Most function calls of one condition, and longest literal looked for, in characters. */
const MAX_CALLS = 8;
const MAX_SEARCH_LENGTH = 64;

const VARIABLES = ['item', 'eventType'];

/**
 * The functions a condition may call. A list of what is allowed, because evaluation cannot be
 * interrupted: `matches` backtracks without bound, macros loop over the sender's lists, and
 * `cel.bind` doubles a text with every nesting.
 */
const FUNCTIONS = new Set([
  'has',
  'size',
  'startsWith',
  'endsWith',
  'contains',
  'lowerAscii',
  'upperAscii',
  'trim',
  'int',
  'double',
  'string',
]);

/**
 * Functions that look for their argument, which has to be a literal: a search for one text of the
 * sender in another took 48 s for 1 MiB and 512 KiB.
 */
const SEARCHES = new Set(['contains', 'startsWith', 'endsWith']);

/** Conditions compare and do not compute: sums of texts grow, and sums of doubles lie. */
const OPERATORS = new Set([
  ...['value', 'id', '.', '[]', 'call', 'rcall', 'list'],
  ...['==', '!=', '<', '<=', '>', '>=', 'in', '&&', '||', '!_', '-_', '?:'],
]);

const environment = new Environment({
  unlistedVariablesAreDyn: false,
  limits: {
    maxAstNodes: 64,
    maxDepth: 16,
    maxListElements: 32,
    maxMapEntries: 1,
    maxCallArguments: 3,
  },
})
  .registerVariable('item', 'dyn')
  .registerVariable('eventType', 'string');

/**
 * Compiles a condition written in CEL. What could run long, or is no condition, is reported.
 *
 * @param at pointer of the condition in the settings
 */
export function compileCondition(expression: string, at: string, report: Report): Condition {
  if (Buffer.byteLength(expression) > MAX_CONDITION_BYTES) {
    report(at, `is longer than ${MAX_CONDITION_BYTES} bytes`);
    return never;
  }
  try {
    const parsed = environment.parse(expression);
    const banned = findBanned(parsed.ast);
    if (banned !== undefined) {
      report(at, banned);
      return never;
    }
    const { valid, type, error } = parsed.check();
    if (!valid || (type !== 'bool' && type !== 'dyn')) {
      report(at, valid ? `gives ${type}, not bool` : firstLine(error));
      return never;
    }
    return (input) => {
      const result: unknown = parsed({ item: input.item, eventType: input.eventType });
      if (typeof result !== 'boolean') throw new TypeError('The condition is not of type bool.');
      return result;
    };
  } catch (error) {
    report(at, firstLine(error));
    return never;
  }
}

/** Stands for a condition whose faults are reported; the definition it is in is never bound. */
const never: Condition = () => false;

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message.split('\n')[0] : undefined;
  return `is not a CEL expression: ${text ?? 'it does not parse'}`;
}

function findBanned(root: ASTNode): string | undefined {
  let calls = 0;
  for (const node of nodesOf(root)) {
    if (!OPERATORS.has(node.op)) return `may not use the operator ${node.op}`;
    if (node.op === 'id' && !VARIABLES.includes(node.args)) {
      return `knows no name ${node.args}, only item and eventType`;
    }
    if (node.op !== 'call' && node.op !== 'rcall') continue;
    const [name] = node.args;
    const parameters = node.op === 'call' ? node.args[1] : node.args[2];
    if (!FUNCTIONS.has(name)) return `may not call ${name}`;
    if (SEARCHES.has(name) && !parameters.every(isShortLiteral)) {
      return `may call ${name} with a literal text of at most ${MAX_SEARCH_LENGTH} characters only`;
    }
    calls += 1;
    if (calls > MAX_CALLS) return `has more than ${MAX_CALLS} function calls`;
  }
  return undefined;
}

/** A node and all below it, the outer ones first. */
function* nodesOf(node: ASTNode): Generator<ASTNode> {
  yield node;
  const operands: readonly unknown[] = Array.isArray(node.args) ? node.args.flat(2) : [node.args];
  for (const operand of operands) {
    if (isNode(operand)) yield* nodesOf(operand);
  }
}

function isShortLiteral({ op, args }: ASTNode): boolean {
  return op === 'value' && typeof args === 'string' && args.length <= MAX_SEARCH_LENGTH;
}

function isNode(operand: unknown): operand is ASTNode {
  return typeof operand === 'object' && operand !== null && 'op' in operand;
}
