import { describe, expect, it } from 'vitest';
import { compileCondition } from './condition.ts';

const item = {
  name: 'Zoë',
  count: 5,
  amount: '12.50',
  flag: true,
  none: null,
  tags: ['a', 'b'],
  nested: { status: 'done' },
};

describe('conditions', () => {
  it.each([
    ["eventType == 'deal'", true],
    ['item.count == 5', true],
    ['item.count >= 6', false],
    ['double(item.amount) > 12.0', true],
    ['item.flag', true],
    ['!item.flag || item.none == null', true],
    ['has(item.missing) && item.missing == 1', false],
    ['has(item.nested.status) ? item.nested.status == "done" : false', true],
    ["'b' in item.tags && item.tags[0] == 'a' && size(item.tags) == 2", true],
    ["item.name in ['Ada', 'Zoë']", true],
    ["item.name.lowerAscii().startsWith('zo') && item.name.contains('ë')", true],
    ["item.amount == '12.50'", true],
  ])('%s', (expression, expected) => {
    const faults: string[] = [];
    const condition = compileCondition(expression, '/when', (_at, message) => faults.push(message));
    expect(faults).toStrictEqual([]);
    expect(condition({ item, eventType: 'deal' })).toBe(expected);
  });
});

describe('refused when compiled', () => {
  it.each([
    ["item.name.matches('(a+)+')", 'may not call matches'],
    ['item.tags.all(x, x == 1)', 'may not call all'],
    ['item.tags.exists(x, x == 1)', 'may not call exists'],
    ['item.tags.exists_one(x, x == 1)', 'may not call exists_one'],
    ['item.tags.map(x, x) == item.tags', 'may not call map'],
    ['item.tags.filter(x, x == 1) == []', 'may not call filter'],
    ['!(true && (item.tags.all(x, true)))', 'may not call all'],
    ["[item.name.matches('a')][0]", 'may not call matches'],
    ['cel.bind(x, item.name, x == x)', 'may not call bind'],
    ["item.name.split('') == []", 'may not call split'],
    ['item.name.contains(item.tags[0])', 'may call contains with a literal text'],
    ["item.name.startsWith(true ? 'a' : 'b')", 'may call startsWith with a literal text'],
    [`item.name.contains('${'x'.repeat(65)}')`, 'may call contains with a literal text'],
    [Array(9).fill('has(item.a)').join(' || '), 'has more than 8 function calls'],
    ["item.name + item.name == 'aa'", 'may not use the operator +'],
    ['item.count * 2 == 10', 'may not use the operator *'],
    ["{'a': 1}['a'] == 1", 'may not use the operator map'],
    ["'text'", 'gives string, not bool'],
    ['size(item.tags)', 'gives int, not bool'],
    ['unknown == 1', 'knows no name unknown'],
    ["type == 'x'", 'knows no name type'],
    ['eventType == 1', 'is not a CEL expression'],
    ['item.', 'is not a CEL expression'],
    ['', 'is not a CEL expression'],
    [`${'('.repeat(40)}true${')'.repeat(40)}`, 'is not a CEL expression'],
    [Array(30).fill('item.a').join(' || '), 'is not a CEL expression'],
    [`item.name == '${'x'.repeat(1024)}'`, 'is longer than 1024 bytes'],
    [`item.name == '${'ë'.repeat(510)}'`, 'is longer than 1024 bytes'],
  ])('%s', (expression, message) => {
    const faults: string[] = [];
    compileCondition(expression, '/when', (at, fault) => faults.push(`${at} ${fault}`));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`/when ${message}`);
  });
});

describe('throws when evaluated', () => {
  it.each([
    'item.missing == 1',
    'item.__proto__ == null',
    "item['constructor'] == null",
    'item.nested.toString == null',
    'item.name < 3',
    'item.name',
    'item.tags[9] == 1',
    'item.none.x == 1',
  ])('%s', (expression) => {
    const condition = compileCondition(expression, '/when', () => expect.unreachable());
    expect(() => condition({ item, eventType: 'deal' })).toThrow();
  });
});
