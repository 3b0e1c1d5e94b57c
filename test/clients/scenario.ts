/** The server under test, as every client starts it, and a home for the client's files. */
export interface Setup {
  command: string;
  args: string[];
  env: Record<string, string>;
  /** Variables that no page shows: whom to ask, where to write. */
  more?: Record<string, string>;
  home: string;
}

/** What a client was seen to do. */
export interface Row {
  client: string;
  version: string;
  lists: string;
  sends: string;
  /** Outcome of a delete with a no, where the client can ask. */
  deletesWithNo: string;
  deletesWithYes: string;
  note: string;
}

export type Facts = Record<string, unknown> & { outcome?: string; results?: { outcome: string }[] };

/** How a driver calls a tool, and what the person answers when asked. */
export interface Session {
  canAsk: boolean;
  answer(yes: boolean): void;
  call(tool: string, args: Record<string, unknown>): Promise<Facts>;
}

type Outcome = Pick<Row, "lists" | "sends" | "deletesWithNo" | "deletesWithYes">;

/** What came of a call with one target: the target's own outcome once it was acted on. */
export function outcomeOf({ outcome, results }: Facts): string {
  return String(outcome === "done" ? results?.[0]?.outcome : outcome);
}

/** Lists, sends, and deletes with a no and with a yes, or with a code where nobody can be asked. */
export async function playScenario(
  { canAsk, answer, call }: Session,
  email: string,
): Promise<Outcome> {
  const listed = await call("list_invitations", { status: "all" });
  const sent = await call("send_invitation", { emails: [email] });
  const found = await call("list_invitations", { email });
  const [{ id = "" } = {}] = found["invitations"] as { id?: string }[];
  const remove = (more = {}) => call("delete_invitation", { invitations: [id], ...more });
  const removeAgreed = async (more = {}) => {
    const facts = await remove(more);
    return `${outcomeOf(facts)} (${facts["confirmed_by"]})`;
  };
  const outcome = {
    lists: `${listed["matched"]} invitations`,
    sends: outcomeOf(sent),
    deletesWithNo: "cannot ask",
  };
  if (canAsk) {
    answer(false);
    outcome.deletesWithNo = outcomeOf(await remove());
    answer(true);
    return { ...outcome, deletesWithYes: await removeAgreed() };
  }
  const { confirmation } = await remove();
  return { ...outcome, deletesWithYes: await removeAgreed({ confirmation }) };
}
