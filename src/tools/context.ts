import { LINK_IS_LOCAL } from "../config/policy.ts";
import type { Config } from "../config/settings.ts";
import { neutralise } from "../text.ts";
import type { Trieve } from "../trieve/client.ts";

export interface ToolContext
  extends Trieve,
    Pick<Config, "organizationId" | "organizationName" | "links" | "policy"> {
  /** Host and port of the API, as the operator set them. */
  host: string;
}

/** The organization as shown in results: its configured name, or else its id. */
export function organizationNameOrId({ organizationId, organizationName }: ToolContext): string {
  return organizationName === undefined ? organizationId : neutralise(organizationName);
}

/** A warning if mailed links only work on this machine. */
export function linkWarning({ links }: ToolContext): string[] {
  return links === "local" ? [`${LINK_IS_LOCAL}.`] : [];
}
