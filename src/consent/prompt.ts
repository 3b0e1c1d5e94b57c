import { neutralise, shortId } from "../text.ts";
import type { Proposal } from "../tools/tool.ts";
import { ageInDays, sentDate } from "../trieve/invitation.ts";

/** The one field of the form. */
export const DECISION = "decision";

/** The choices of the form: the refusing one first, then the acting one. */
export function choicesOf({ deed }: Proposal): [refusing: string, acting: string] {
  return deed === "delete" ? ["keep", "delete"] : ["do not send", "send"];
}

/** Where the deed would happen. */
export interface Place {
  organizationId: string;
  /** Host and port of the API, as the operator set them. */
  host: string;
}

/** A question for a person, as elicitation in form mode carries it. */
export interface Question {
  message: string;
  requestedSchema: {
    type: "object";
    properties: { [DECISION]: { type: "string"; title: string; enum: string[] } };
    required: [typeof DECISION];
  };
}

/** The question that is put to a person: a required choice without default. */
export function question(proposal: Proposal, place: Place, now: number): Question {
  return {
    message: factLines(proposal, place, now).join("\n"),
    requestedSchema: {
      type: "object",
      properties: {
        [DECISION]: { type: "string", title: "Decision", enum: [...choicesOf(proposal)] },
      },
      required: [DECISION],
    },
  };
}

/** The same facts in one line, for a client that cannot ask. */
export function summary(proposal: Proposal, place: Place, now: number): string {
  const [what, ...facts] = factLines(proposal, place, now);
  return `${what} ${facts.map((fact) => fact.replace(/\.$/, "")).join("; ")}`;
}

/** What a model passes back: the deed in plain words first, so that an approval dialog shows it. */
export function confirmationText(proposal: Proposal, code: string): string {
  const what = proposal.deed === "delete" ? "delete invitation of" : "send invitation to";
  return `${what} ${neutralise(proposal.email)} (${proposal.role}) ${code}`;
}

const ROLE_MEANS: Record<string, string> = {
  user: "an ordinary member",
  admin: "can invite and remove people",
  owner: "has full control of the organization",
};

function factLines(proposal: Proposal, place: Place, now: number): string[] {
  const { deed, role } = proposal;
  const lines = [
    deed === "delete" ? "Delete this invitation? This cannot be undone." : "Send this invitation?",
    `E-mail: ${neutralise(proposal.email)}`,
    `Role: ${role} (${ROLE_MEANS[role] ?? "a role this server does not know"})`,
  ];
  if (deed === "delete") {
    const { invitation } = proposal;
    const age = ageInDays(invitation, now);
    lines.push(
      invitation.status === "used"
        ? "Status: used - the person stays a member, only the record goes"
        : "Status: pending - the mailed link stops working",
      `Sent: ${sentDate(invitation).slice(0, 10)} (${age} ${age === 1 ? "day" : "days"} ago)`,
    );
  } else {
    lines.push("A person who has a Trieve account joins at once, which cannot be undone here.");
  }
  lines.push(`Organization: ${place.organizationId}`, `Trieve: ${place.host}`);
  if (deed === "delete") lines.push(`Invitation: ${shortId(proposal.invitation.id)}`);
  return lines;
}
