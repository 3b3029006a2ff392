import { describe, expect, it } from 'vitest';
import { GroupCommit } from './group-commit.ts';

/** A store whose commits finish when told to. */
function controlledStore() {
  const commits: { text: string; finish: (error?: Error) => void }[] = [];
  const commit = (text: string) =>
    new Promise<void>((resolve, reject) => {
      commits.push({ text, finish: (error) => (error ? reject(error) : resolve()) });
    });
  return { commits, commit };
}

const AMPLE = { chars: 1_000, rows: 1_000 };
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('group commit', () => {
  it('puts together what arrives while a commit is under way', async () => {
    const { commits, commit } = controlledStore();
    const group = new GroupCommit(commit, AMPLE);
    const first = group.add('a', 1);
    await turn();
    const rest = [group.add('b', 1), group.add('c', 1)];
    expect(commits.map((one) => one.text)).toEqual(['a']);
    commits[0]?.finish();
    await first;
    await turn();
    expect(commits.map((one) => one.text)).toEqual(['a', 'bc']);
    commits[1]?.finish();
    await Promise.all(rest);
  });

  it('resolves nobody before their own commit', async () => {
    const { commits, commit } = controlledStore();
    const group = new GroupCommit(commit, AMPLE);
    const settled: string[] = [];
    void group.add('a', 1).then(() => settled.push('a'));
    await turn();
    void group.add('b', 1).then(() => settled.push('b'));
    commits[0]?.finish();
    await turn();
    expect(settled).toEqual(['a']);
    commits[1]?.finish();
    await turn();
    expect(settled).toEqual(['a', 'b']);
  });

  it('fails only those whose commit failed', async () => {
    const { commits, commit } = controlledStore();
    const group = new GroupCommit(commit, AMPLE);
    const first = group.add('a', 1);
    await turn();
    const second = group.add('b', 1);
    commits[0]?.finish(new Error('disk full'));
    await expect(first).rejects.toThrow('disk full');
    await turn();
    commits[1]?.finish();
    await expect(second).resolves.toBeUndefined();
  });

  it('closes a batch at its size, and still takes a single text that is larger', async () => {
    const { commits, commit } = controlledStore();
    const group = new GroupCommit(commit, { ...AMPLE, chars: 4 });
    const all = [
      group.add('aaa', 1),
      group.add('bb', 1),
      group.add('cccccccc', 1),
      group.add('d', 1),
    ];
    for (let index = 0; index < 4; index += 1) {
      await turn();
      commits[index]?.finish();
    }
    await Promise.all(all);
    expect(commits.map((one) => one.text)).toEqual(['aaa', 'bb', 'cccccccc', 'd']);
    expect(group.queuedChars).toBe(0);
  });

  it('closes a batch at its rows, and tells the store how many there are', async () => {
    const rows: number[] = [];
    const group = new GroupCommit(
      async (_text, count) => {
        rows.push(count);
        await turn();
      },
      { ...AMPLE, rows: 10 },
    );
    await Promise.all([1, 6, 4, 1, 50, 2].map((count) => group.add('x', count)));
    expect(rows).toEqual([1, 10, 1, 50, 2]);
  });
});
