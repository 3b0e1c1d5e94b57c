import { LISTED_TOOLS } from "../../../src/tools/listed/index.gen.ts";
import type { ListedTool } from "./dialects.ts";
import type { Stage } from "./part.ts";

const OWN_NAMES = LISTED_TOOLS.map(({ name }) => name);
const OWN_NAME = new RegExp(`(?:^|[_-])(${OWN_NAMES.join("|")})$`);

/** A tool's own name, without what a host puts before it; undefined for anything else. */
export function ownName(name: string): string | undefined {
  return OWN_NAME.exec(name)?.[1];
}

const argumentsOf = ({ properties = {} }: ListedTool["schema"]) => Object.keys(properties);

/** Whether a host shows its model every tool, with its description and all that it takes. */
export function checkTools(seen: readonly ListedTool[], check: Stage["check"]): void {
  const pairs = LISTED_TOOLS.map((tool) => ({
    tool,
    shown: seen.find(({ name }) => ownName(name) === tool.name),
  }));
  const without = pairs.filter(({ tool, shown }) => !shown?.description.includes(tool.description));
  check(
    "tools: all five, each with its description",
    pairs.length === 5 && without.length === 0,
    without,
  );
  const short = pairs.filter(({ tool, shown }) => {
    const taken = shown ? argumentsOf(shown.schema) : [];
    const required = shown?.schema.required ?? [];
    const { properties, required: needed = [] } = tool.inputSchema as ListedTool["schema"];
    return (
      Object.keys(properties ?? {}).some((name) => !taken.includes(name)) ||
      needed.some((name) => !required.includes(name))
    );
  });
  check("tools: every argument, and which are required", short.length === 0, short);
}

/** What a host changes of the tools: words for the table. */
export function toolChanges(seen: readonly ListedTool[]): string[] {
  const added = new Set<string>();
  const lost = new Set<string>();
  let example = "";
  for (const { name, schema } of seen) {
    const tool = LISTED_TOOLS.find((one) => one.name === ownName(name));
    if (tool === undefined) continue;
    if (tool.name === "list_invitations") example = name;
    const own = (tool.inputSchema as ListedTool["schema"]).properties ?? {};
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
