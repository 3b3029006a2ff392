// `tributary serve` with one more consumer, which the suites of crashes and faults look at.
import { serve } from '../../../cli/commands/serve.ts';
import { observer } from './observer.ts';

await serve([observer()]);
