import type { CallContext } from "./call.ts";
import type { Trieve } from "./client.ts";
import type { InvitationList } from "./invitation.ts";

const SECOND_LOOK_MS = 3_000;

/**
 * The list after a write: at once and, unless that is enough, again 3 s later, as far as the call's time goes. A
 * reading that failed is undefined.
 */
export async function lookTwice(
  { client, clock }: Trieve,
  call: CallContext,
  isEnough: (list: InvitationList) => boolean,
): Promise<(InvitationList | undefined)[]> {
  const look = () => client.list(call).catch(() => undefined);
  const first = await look();
  if (first !== undefined && isEnough(first)) return [first];
  if (call.timeLeft() <= SECOND_LOOK_MS) return [first, undefined];
  await clock.sleep(SECOND_LOOK_MS);
  return [first, await look()];
}
