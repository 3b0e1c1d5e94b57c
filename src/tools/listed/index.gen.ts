// Made from the tools by npm run generate. Do not edit.

import type { ListedTool } from "../tool.ts";
import list_invitations from "./list_invitations.json" with { type: "json" };
import list_members from "./list_members.json" with { type: "json" };
import send_invitation from "./send_invitation.json" with { type: "json" };
import resend_invitation from "./resend_invitation.json" with { type: "json" };
import delete_invitation from "./delete_invitation.json" with { type: "json" };

export const LISTED_TOOLS: readonly ListedTool[] = [list_invitations, list_members, send_invitation, resend_invitation, delete_invitation] as ListedTool[];
