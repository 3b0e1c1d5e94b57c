import type { Clock } from "../clock.ts";
import type { Policy } from "../config/policy.ts";
import { neutralise } from "../text.ts";
import type { Trieve } from "../trieve/client.ts";

/** What a tool works with. */
export interface ToolContext {
  trieve: Trieve;
  organizationId: string;
  /** As people know it; untrusted. */
  organizationName?: string | undefined;
  /** Host and port of the API, as the operator set them. */
  host: string;
  /** Where mailed links lead: nowhere, while that is not set. */
  links: "none" | "local" | "everywhere";
  policy: Policy;
  clock: Clock;
}

/** The organization as results name it: by the name that people know, where it has one. */
export function organizationLabel({ organizationId, organizationName }: ToolContext): string {
  return organizationName === undefined ? organizationId : neutralise(organizationName);
}
