import { deleteInvitation } from "./delete-invitation.ts";
import { deleteInvitations } from "./delete-invitations.ts";
import { listInvitations } from "./list-invitations.ts";
import { resendInvitations } from "./resend-invitations.ts";
import { sendInvitation } from "./send-invitation.ts";
import { sendInvitations } from "./send-invitations.ts";
import type { Tool } from "./tool.ts";

/** The tools, in the order they are shown. */
export const tools: readonly Tool[] = [
  listInvitations,
  sendInvitation,
  sendInvitations,
  resendInvitations,
  deleteInvitation,
  deleteInvitations,
];
