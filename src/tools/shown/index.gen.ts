// Made from the tools by npm run generate. Do not edit.

import type { ShownTool } from "../shown-tool.ts";
import list_invitations from "./list_invitations.json" with { type: "json" };
import send_invitation from "./send_invitation.json" with { type: "json" };
import send_invitations from "./send_invitations.json" with { type: "json" };
import resend_invitations from "./resend_invitations.json" with { type: "json" };
import delete_invitation from "./delete_invitation.json" with { type: "json" };
import delete_invitations from "./delete_invitations.json" with { type: "json" };

export const SHOWN_TOOLS: readonly ShownTool[] = [list_invitations, send_invitation, send_invitations, resend_invitations, delete_invitation, delete_invitations] as ShownTool[];
