import * as z from "zod";
import { needsConsent, ROLES } from "../config/policy.ts";
import { isSameEmail } from "../trieve/invitation.ts";
import { createMemberCheck, findObstacle } from "../trieve/obstacle.ts";
import type { Addressee } from "../trieve/outcome.ts";
import { sendAll } from "../trieve/send.ts";
import { createPlan, openTargets } from "./plan.ts";
import { confirmation, emails, writeOutput } from "./schema.ts";
import { checkAddresses, checkSend } from "./sendable.ts";
import type { Resolved } from "./targets.ts";
import { defineTool } from "./tool.ts";

export const sendInvitation = defineTool({
  name: "send_invitation",
  title: "Send invitations",
  description:
    "Invites people by e-mail. Whoever has a Trieve account becomes a member at once. Mail cannot be called back: never repeat a call with an unclear outcome.",
  hints: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: true,
  },
  input: {
    emails,
    role: z.enum(ROLES).default("user").describe("Role to invite them as"),
    confirmation,
  },
  output: writeOutput,
  targets: ({ emails, role }) => emails.map((email) => ({ email, role })),
  mayNeedConsent: ({ emails, role }, policy) => needsConsent(policy, role, emails.length),
  async plan({ emails, role }, context, call) {
    const { policy, client, guard } = context;
    checkSend(context, role);
    checkAddresses(emails, policy);
    const targets = emails
      .filter((email, at) => emails.findIndex((one) => isSameEmail(one, email)) === at)
      .map((email): Addressee => {
        const isVariant = (one: string) => one !== email && isSameEmail(one, email);
        return { email, role, spellings: emails.filter(isVariant) };
      });
    // The question must only contain what can be done. Without a question, sendAll checks that itself.
    let resolved: Resolved<Addressee>[] = targets.map((target) => ({ target }));
    if (needsConsent(policy, role, targets.length)) {
      const list = await client.list(call);
      const isMember = createMemberCheck(client, call);
      const resolve = async (target: Addressee) =>
        (await findObstacle(context, target, list, isMember)) ?? { target };
      resolved = await Promise.all(targets.map(resolve));
    }
    const isAsked = needsConsent(policy, role, openTargets(resolved).length);
    return createPlan(context, resolved, {
      verb: "send",
      needsConsent: isAsked,
      role,
      perform(call, agreed) {
        // First those that were left out: nothing that stops the sends stops a look at them.
        const leftOut = targets.filter((target) => !agreed.includes(target));
        const send = () => sendAll(context, call, [...leftOut, ...agreed], agreed);
        return isAsked ? send() : guard.countSend(call, send);
      },
    });
  },
});
