/** The longest message taken, in bytes; far above any call to this server. */
export const LONGEST_LINE = 10 * 1024 * 1024;

/**
 * Splits a byte stream into lines, in time linear in its length. Calls `onLine` for each line and
 * `onOverflow` once, and nothing after it, when a line grows over LONGEST_LINE. `end` gives the last line,
 * which may lack its line feed.
 */
export function createLineSplitter(
  onLine: (line: string) => void,
  onOverflow: () => void,
): { push(chunk: Buffer): void; end(): void } {
  let parts: Buffer[] = [];
  let size = 0;
  let isOver = false;

  function flush(): void {
    const line = Buffer.concat(parts).toString("utf8");
    parts = [];
    size = 0;
    onLine(line);
  }

  return {
    push(chunk) {
      let rest = chunk;
      while (!isOver && rest.length > 0) {
        const end = rest.indexOf("\n");
        const piece = end < 0 ? rest : rest.subarray(0, end);
        size += piece.length;
        if (size > LONGEST_LINE) {
          isOver = true;
          parts = [];
          onOverflow();
          return;
        }
        parts.push(piece);
        if (end < 0) return;
        rest = rest.subarray(end + 1);
        flush();
      }
    },
    end() {
      if (!isOver && size > 0) flush();
    },
  };
}
