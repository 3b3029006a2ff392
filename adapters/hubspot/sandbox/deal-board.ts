import type { Random } from '#adapters/kit/sandbox/random.ts';
import { type DealPipeline, isClosed, outcomeOf } from '../deal-stages.ts';

/** The stages of a pipeline, as deals move through them. */
interface Board {
  readonly open: readonly string[];
  readonly won: readonly string[];
  /** Lost, and closed without an outcome. */
  readonly ended: readonly string[];
}

/** The pipeline of a new account. */
const DEFAULT_BOARD: Board = {
  open: ['appointmentscheduled', 'qualifiedtobuy', 'presentationscheduled', 'contractsent'],
  won: ['closedwon'],
  ended: ['closedlost'],
};

const WON_SHARE = 0.67;

interface Position {
  readonly board: Board;
  /** Index into the open stages; -1 when the deal is closed. */
  index: number;
}

/** Where the deals of the account stand. */
export class DealBoard {
  readonly #random: Random;
  readonly #boards: readonly Board[];
  readonly #positions = new Map<number, Position>();

  /** @param pipelines of the settings; none stands for the default pipeline */
  constructor(pipelines: readonly DealPipeline[], random: Random) {
    this.#random = random;
    this.#boards = pipelines.length === 0 ? [DEFAULT_BOARD] : pipelines.map(boardOf);
  }

  remove(dealId: number): void {
    this.#positions.delete(dealId);
  }

  /**
   * Moves a deal a stage on: through the open stages in their order, then to a closed one, two times
   * of three to a won one. A closed deal that moves again is reopened.
   *
   * @returns the id of its new stage
   */
  advance(dealId: number): string {
    const position = this.#positionOf(dealId);
    const { board } = position;
    const next = board.open[position.index + 1];
    if (next !== undefined) {
      position.index += 1;
      return next;
    }
    position.index = -1;
    return this.#closedStage(board);
  }

  #positionOf(dealId: number): Position {
    const known = this.#positions.get(dealId);
    if (known) return known;
    const board = this.#random.pick(this.#boards);
    // A deal starts in the first open stage: its creation does not tell of it.
    const position = { board, index: board.open.length === 0 ? -1 : 0 };
    this.#positions.set(dealId, position);
    return position;
  }

  #closedStage({ open, won, ended }: Board): string {
    const wins = ended.length === 0 || (won.length > 0 && this.#random.next() < WON_SHARE);
    const stages = wins ? won : ended;
    // A pipeline without closed stages begins anew.
    return this.#random.pick(stages.length > 0 ? stages : open);
  }
}

function boardOf({ stages }: DealPipeline): Board {
  const closed = stages.filter(isClosed);
  return {
    open: stages.filter((stage) => !isClosed(stage)).map(({ id }) => id),
    won: closed.filter((stage) => outcomeOf(stage) === 'won').map(({ id }) => id),
    ended: closed.filter((stage) => outcomeOf(stage) !== 'won').map(({ id }) => id),
  };
}
