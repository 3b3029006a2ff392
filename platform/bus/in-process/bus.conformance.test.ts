import { describeBus } from '../conformance.ts';
import { temporaryBus } from './testing/temporary-bus.ts';

describeBus('in process', temporaryBus);
describeBus('in process, a segment per write', () => temporaryBus({ segmentBytes: 1 }));
