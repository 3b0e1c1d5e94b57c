import type { Clock } from "../clock.ts";
import { LINK_IS_LOCAL } from "../config/policy.ts";
import type { Config } from "../config/settings.ts";
import { neutralise } from "../text.ts";
import type { Trieve } from "../trieve/client.ts";

/** What a tool works with. */
export interface ToolContext
  extends Pick<Config, "organizationId" | "organizationName" | "links" | "policy"> {
  trieve: Trieve;
  /** Host and port of the API, as the operator set them. */
  host: string;
  clock: Clock;
}

/** The organization as results name it: by the name that people know, where it has one. */
export function organizationLabel({ organizationId, organizationName }: ToolContext): string {
  return organizationName === undefined ? organizationId : neutralise(organizationName);
}

/** What has to be known of mailed links, where they reach nobody else. */
export function linkText({ links }: ToolContext): string[] {
  return links === "local" ? [`${LINK_IS_LOCAL}.`] : [];
}
