// A file of its own, because a start that only lists the tools (listed.ts) does not load them.

import { deleteInvitation } from "./delete.ts";
import { listInvitations } from "./list.ts";
import { listMembers } from "./members.ts";
import { resendInvitation } from "./resend.ts";
import { sendInvitation } from "./send.ts";
import type { Tool } from "./tool.ts";

/** The tools, in the order in which tools/list shows them. */
export const tools: readonly Tool[] = [
  listInvitations,
  listMembers,
  sendInvitation,
  resendInvitation,
  deleteInvitation,
];
