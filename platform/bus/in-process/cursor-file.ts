import { readFile } from 'node:fs/promises';
import { Cursor, type CursorState } from './cursor.ts';
import { replaceFile } from './files.ts';

const SAVE_INTERVAL_MS = 250;

/** Keeps a cursor in a file, at most every 250 ms. What it is behind is delivered again after a crash. */
export class CursorFile {
  readonly path: string;
  readonly cursor: Cursor;
  readonly #onSaved: () => void;
  readonly #warn: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  /** @param onSaved called after each save in the background, when segments may have become free */
  constructor(path: string, cursor: Cursor, onSaved: () => void, warn: (text: string) => void) {
    this.path = path;
    this.cursor = cursor;
    this.#onSaved = onSaved;
    this.#warn = warn;
  }

  /** Notes that the cursor changed. */
  changed(): void {
    this.#timer ??= setTimeout(
      () => void this.flush().then(this.#onSaved),
      SAVE_INTERVAL_MS,
    ).unref();
  }

  /** Saves the cursor if it changed. */
  async flush(): Promise<void> {
    if (this.#timer) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#saving = this.#saving.then(() => this.#save());
    }
    await this.#saving;
  }

  async #save(): Promise<void> {
    try {
      await replaceFile(this.path, cursorText(this.cursor.state()), false);
    } catch (error) {
      this.#warn(`${this.path} could not be saved, its messages may come again: ${String(error)}`);
    }
  }
}

/** The text of a cursor's file. */
export function cursorText(state: CursorState): string {
  return `${JSON.stringify(state)}\n`;
}

/** Reads a cursor. One damaged by a power loss starts at the oldest message the log still holds. */
export async function readCursor(path: string, warn: (text: string) => void): Promise<Cursor> {
  try {
    return new Cursor(checkState(JSON.parse(await readFile(path, 'utf8'))));
  } catch (error) {
    warn(`${path} is damaged, all its messages come again: ${String(error)}`);
    return new Cursor({ readTo: 0, unsettled: [] });
  }
}

function checkState(state: CursorState): CursorState {
  const positions = [state.readTo, ...state.unsettled.flat()];
  if (positions.every((value) => Number.isSafeInteger(value) && value >= 0)) return state;
  throw new TypeError('it holds something other than positions.');
}
