import type { Policy } from "../config.ts";
import { allowedRoles } from "../policy.ts";
import { SHOWN_TOOLS } from "./shown.gen.ts";
import type { ShownTool } from "./tool.ts";

/**
 * The tools as tools/list shows them under this policy: only reading ones when it is read-only, and
 * no role above the highest. They are generated, so that a server that is only asked what it can do
 * loads neither the tools nor their schemas.
 */
export function shownTools(policy: Policy): ShownTool[] {
  return SHOWN_TOOLS.filter((tool) => !policy.readOnly || tool.annotations.readOnlyHint).map(
    (tool) => (tool.name === "send_invitation" ? withRoles(tool, allowedRoles(policy)) : tool),
  );
}

function withRoles(tool: ShownTool, roles: readonly string[]): ShownTool {
  const { inputSchema } = tool;
  const role = { ...inputSchema.properties["role"], enum: roles };
  return {
    ...tool,
    inputSchema: { ...inputSchema, properties: { ...inputSchema.properties, role } },
  };
}
