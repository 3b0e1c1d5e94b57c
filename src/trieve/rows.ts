/** Reads the rows of a JSON list while its bytes come in. */
export interface RowReader {
  /** Takes the next bytes. Throws SyntaxError when they do not begin a JSON list. */
  push(chunk: Buffer): void;
  /** Says that no more comes. Throws SyntaxError when that was not one JSON list. */
  end(): void;
}

const BETWEEN_ROWS = "},{";

/**
 * Hands the rows of a JSON list to `onRows`, a batch at a time as its bytes come in, so that a long
 * list never stands in memory as text and as objects at once; docs/performance.md has what that saves.
 * A batch ends at a `},{`. Where that stands inside a row, in a text or between objects of its own,
 * JSON.parse says so, because the batch then ends in the middle of something; so a batch that parses
 * is right, and one that does not waits until twice as much has come in, at worst for all of it.
 */
export function createRowReader(onRows: (rows: readonly unknown[]) => void): RowReader {
  let parts: Buffer[] = [];
  let size = 0;
  let nextTry = 0;
  // What stands for the part of the list that is read already.
  let before = "";

  function take(): Buffer {
    const whole = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    parts = [whole];
    return whole;
  }

  function tryBatch(): boolean {
    const bytes = take();
    const end = bytes.lastIndexOf(BETWEEN_ROWS);
    if (end < 0) return false;
    let rows: readonly unknown[];
    try {
      rows = parseList(`${before}${bytes.toString("utf8", 0, end + 1)}]`);
    } catch {
      return false;
    }
    onRows(rows);
    before = "[";
    parts = [bytes.subarray(end + 2)];
    size -= end + 2;
    return true;
  }

  return {
    push(chunk) {
      parts.push(chunk);
      size += chunk.length;
      if (size < nextTry) return;
      if (before === "" && !/^\s*(\[|$)/.test(take().toString("latin1", 0, 1024))) {
        throw new SyntaxError("not a list");
      }
      nextTry = tryBatch() ? 0 : size * 2;
    },
    end() {
      onRows(parseList(`${before}${take().toString("utf8")}`));
    },
  };
}

function parseList(text: string): readonly unknown[] {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new SyntaxError("not a list");
  return rows;
}
