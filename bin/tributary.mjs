#!/usr/bin/env node
process.argv.splice(2, 0, 'cli/main.ts');
await import('../scripts/run.mjs');
