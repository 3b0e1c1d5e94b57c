// Apart from the tools and their shape, since a start that only lists them loads neither.

import { deleteInvitation } from "./delete.ts";
import { listInvitations } from "./list.ts";
import { listMembers } from "./members.ts";
import { resendInvitation } from "./resend.ts";
import { sendInvitation } from "./send.ts";
import type { Tool } from "./tool.ts";

/** The tools, in the order they are shown. */
export const tools: readonly Tool[] = [
  listInvitations,
  listMembers,
  sendInvitation,
  resendInvitation,
  deleteInvitation,
];
