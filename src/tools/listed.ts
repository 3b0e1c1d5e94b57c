import { allowedRoles, type Policy } from "../config/policy.ts";
import { LISTED_TOOLS } from "./listed/index.gen.ts";
import type { ListedTool } from "./tool.ts";

/**
 * The tools as tools/list shows them under this policy: only those that read if it is read-only, and without roles
 * above the maximum in those that write. They are generated, so that a server which only lists its tools loads neither
 * them nor their schemas.
 */
export function listedTools(policy: Policy): ListedTool[] {
  const tools = LISTED_TOOLS.filter((tool) => !policy.readOnly || tool.annotations.readOnlyHint);
  return tools.map((tool) => {
    const { properties } = tool.inputSchema;
    if (properties["role"] === undefined || tool.annotations.readOnlyHint) return tool;
    const role = { ...properties["role"], enum: allowedRoles(policy) };
    return { ...tool, inputSchema: { ...tool.inputSchema, properties: { ...properties, role } } };
  });
}
