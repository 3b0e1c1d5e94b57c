import { deleteInvitation } from "./delete-invitation.ts";
import { listInvitations } from "./list-invitations.ts";
import { sendInvitation } from "./send-invitation.ts";
import type { Tool } from "./tool.ts";

/** The tools, in the order they are shown. */
export const tools: readonly Tool[] = [listInvitations, sendInvitation, deleteInvitation];
