export type Hints = Record<
  "readOnlyHint" | "destructiveHint" | "idempotentHint" | "openWorldHint",
  boolean
>;

/** A tool as tools/list shows it. */
export interface ListedTool {
  name: string;
  title: string;
  description: string;
  inputSchema: JsonObject;
  outputSchema: JsonObject;
  annotations: Hints & { title: string };
}

export interface JsonObject {
  type: "object";
  properties: Record<string, { type?: string; enum?: readonly unknown[]; [key: string]: unknown }>;
  required?: string[];
}
