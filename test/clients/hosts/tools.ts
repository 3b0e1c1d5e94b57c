import { SHOWN_TOOLS } from "../../../src/tools/shown/index.gen.ts";
import type { ShownTool } from "./dialects.ts";
import type { Stage } from "./part.ts";

/** A tool's own name, without what a host puts before it; undefined for anything else. */
export function ownName(name: string): string | undefined {
  return /(?:^|[_-])((?:re)?(?:list|send|delete)_invitations?)$/.exec(name)?.[1];
}

const argumentsOf = ({ properties = {} }: ShownTool["schema"]) => Object.keys(properties);

/** Whether a host shows its model every tool, with its description and all that it takes. */
export function checkTools(seen: readonly ShownTool[], check: Stage["check"]): void {
  const pairs = SHOWN_TOOLS.map((tool) => ({
    tool,
    shown: seen.find(({ name }) => ownName(name) === tool.name),
  }));
  const without = pairs.filter(({ tool, shown }) => !shown?.description.includes(tool.description));
  check("tools: all six, each with its description", without.length === 0, without);
  const short = pairs.filter(({ tool, shown }) => {
    const taken = shown ? argumentsOf(shown.schema) : [];
    const required = shown?.schema.required ?? [];
    const { properties, required: needed = [] } = tool.inputSchema as ShownTool["schema"];
    return (
      Object.keys(properties ?? {}).some((name) => !taken.includes(name)) ||
      needed.some((name) => !required.includes(name))
    );
  });
  check("tools: every argument, and which are required", short.length === 0, short);
}

/** What a host changes of the tools: words for the table. */
export function toolChanges(seen: readonly ShownTool[]): string[] {
  const added = new Set<string>();
  const lost = new Set<string>();
  let example = "";
  for (const { name, schema } of seen) {
    const tool = SHOWN_TOOLS.find((one) => one.name === ownName(name));
    if (tool === undefined) continue;
    if (tool.name === "list_invitations") example = name;
    const own = (tool.inputSchema as ShownTool["schema"]).properties ?? {};
    for (const [argument, shown] of Object.entries(schema.properties ?? {})) {
      const meant = own[argument];
      if (meant === undefined) added.add(argument);
      else for (const key of Object.keys(meant)) if (!(key in shown)) lost.add(key);
    }
  }
  const list = (names: Set<string>) => [...names].map((name) => `\`${name}\``).join(", ");
  return [
    ...(example === "list_invitations" ? [] : [`calls it \`${example}\``]),
    ...(added.size === 0 ? [] : [`adds ${list(added)}`]),
    ...(lost.size === 0 ? [] : [`leaves out ${list(lost)}`]),
  ];
}
