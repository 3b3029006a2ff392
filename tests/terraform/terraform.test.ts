// What Terraform names exists in the code, and the reverse. Real: the files, read by HashiCorp's parser,
// and the product's own declarations. There is no provider and no project here: what Google makes of
// the files is not tested.
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configSchema } from '#platform/config/variables.ts';
import { NAME_PREFIX } from '#platform/scheduler/cloud-scheduler/cloud-scheduler.ts';
import { describeWith } from '#platform/testing/describe-with.ts';
import { findExecutable } from '#platform/testing/part.ts';
import * as problems from '#schemas/problems.ts';
import { TABLES } from '#schemas/tables.ts';
import {
  DEAD_LETTER_TOPIC,
  EVENTS_TOPIC,
  OBSERVATIONS_PUBLISHED_SUBSCRIPTION,
  OBSERVATIONS_TOPIC,
  PUBLISHED_SUBSCRIPTION,
  RESOLVER_SUBSCRIPTION,
  SECRET_EVENTS_TOPIC,
} from '#schemas/topics.ts';
import { JOBS } from '#services/tasks/jobs.ts';
import { computed, EXAMPLE, MODULES, ROOT, readConfiguration, textsIn } from './configuration.ts';

const { blocks, local, resource, resources, services } = await readConfiguration();

describe('names', () => {
  it('topics are those of the code', () => {
    const names = resources('google_pubsub_topic').map(({ body }) => body.name);
    expect(names.sort()).toEqual(
      [EVENTS_TOPIC, OBSERVATIONS_TOPIC, DEAD_LETTER_TOPIC, SECRET_EVENTS_TOPIC].sort(),
    );
  });

  it('subscriptions are those of the code, and those of consumers that an environment names', () => {
    const names = resources('google_pubsub_subscription').map(({ body }) => body.name);
    expect(names.sort()).toEqual(
      [computed('each.key'), computed('each.key'), RESOLVER_SUBSCRIPTION, DEAD_LETTER_TOPIC].sort(),
    );
    expect(local(`${MODULES}/bus`, 'published')).toEqual({
      [PUBLISHED_SUBSCRIPTION]: computed('google_pubsub_topic.events.id'),
      [OBSERVATIONS_PUBLISHED_SUBSCRIPTION]: computed('google_pubsub_topic.observations.id'),
    });
    expect(resource('google_pubsub_subscription', 'published').for_each).toBe(
      computed('local.published'),
    );
    expect(resource('google_pubsub_subscription', 'consumer').for_each).toBe(
      computed('var.consumers'),
    );
  });

  it('tables are those of the code, with all that is declared beside their columns', () => {
    const declared = TABLES.map((table) => [
      table.name,
      {
        description: table.description,
        labels: table.labels ?? {},
        cluster_by: table.clusterBy,
        partition: table.partitionBy
          ? {
              by: table.partitionBy,
              unit: table.partitionUnit ?? 'DAY',
              filter_required: table.requirePartitionFilter ?? true,
              expiration_days: table.partitionExpirationDays ?? null,
            }
          : null,
      },
    ]);
    expect(local(`${MODULES}/warehouse`, 'tables')).toEqual(Object.fromEntries(declared));
  });

  it('every table has the file of its columns, and no other table has one', () => {
    const files = globSync('*.json', { cwd: join(ROOT, MODULES, 'warehouse/schemas') });
    expect(files.sort()).toEqual(TABLES.map(({ name }) => `${name}.json`).sort());
  });

  it('tables that IAM names exist', () => {
    const appenders = blocks('module', EXAMPLE).find(({ name }) => name === 'warehouse');
    const named = textsIn(appenders?.body.appenders).filter((text) => !text.startsWith('$'));
    expect(named.length).toBeGreaterThan(0);
    const known = TABLES.map(({ name }) => name);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('jobs, their schedules and tasks are those of the code', () => {
    const declared = JOBS.map(({ name, schedule, task }) => [name, { schedule, task }]);
    expect(local(`${MODULES}/scheduler`, 'jobs')).toEqual(Object.fromEntries(declared));
    const { name } = resource('google_cloud_scheduler_job', 'this');
    expect(name).toBe(`${NAME_PREFIX}${computed('each.key')}`);
  });

  it('one service for each role', () => {
    const roles = configSchema.shape.TRIBUTARY_ROLE.unwrap().options.filter((one) => one !== 'all');
    expect(services().map(({ body }) => body.role)).toEqual(
      expect.arrayContaining(roles as string[]),
    );
    expect(services()).toHaveLength(roles.length);
    expect(local(EXAMPLE, 'urls')).toContain(JSON.stringify(roles).replaceAll(',', ', '));
  });

  it('messages that alerts look for are written by the code', () => {
    const sources = globSync('services/**/*.ts', { cwd: ROOT })
      .filter((path) => !path.endsWith('.test.ts'))
      .map((path) => readFileSync(join(ROOT, path), 'utf8'))
      .join('\n');
    const codes = Object.values(problems).flatMap((problem) => {
      const made = typeof problem === 'function' ? Reflect.construct(problem, ['', {}]) : undefined;
      return made && 'code' in made ? [made.code] : [];
    });
    const filters = resources('google_logging_metric').map(({ body }) => String(body.filter));
    const messages = filters.flatMap((text) => /jsonPayload\.msg="([^"]+)"/.exec(text)?.[1] ?? []);
    const named = filters.flatMap((text) => /jsonPayload\.code="([^"]+)"/.exec(text)?.[1] ?? []);
    const parts = filters.flatMap((text) => /jsonPayload\.msg=~"([^"]+)"/.exec(text)?.[1] ?? []);
    expect([messages.length, named.length, parts.length]).toEqual([1, 1, 2]);
    expect(parts.filter((part) => !sources.includes(part))).toEqual([]);
    expect(messages.filter((message) => !sources.includes(`'${message}'`))).toEqual([]);
    expect(named.filter((code) => !codes.includes(code))).toEqual([]);
  });
});

describeWith(
  {
    name: 'Terraform or OpenTofu',
    find: () => findExecutable('terraform') ?? findExecutable('tofu'),
    howToGet:
      'https://developer.hashicorp.com/terraform/install, or https://opentofu.org/docs/intro/install',
  },
  (path) =>
    it('files are formatted', () => {
      // Answers with the names of files that are not, and fails.
      const names = execFileSync(path, ['fmt', '-check', '-recursive', 'terraform'], {
        cwd: ROOT,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, CHECKPOINT_DISABLE: '1' },
      });
      expect(names).toBe('');
    }),
);
