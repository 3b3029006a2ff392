// The long form of the crash test: npm run test:crash -- --kills 50
import { parseArgs } from 'node:util';
import { crashRun } from './crash-run.ts';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '50' } } });
const report = await crashRun(Number(values.kills), (text) => console.log(text));
console.log(report);
const faults = report.missingInOutbox + report.missingEffects + report.repeatedEffects;
console.log(faults === 0 ? '0 lost, 0 effective duplicates' : `${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
