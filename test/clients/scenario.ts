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

export type Facts = Record<string, unknown> & { outcome?: string };

/** How a driver calls a tool, and what the person answers when asked. */
export interface Session {
  canAsk: boolean;
  answer(yes: boolean): void;
  call(tool: string, args: Record<string, unknown>): Promise<Facts>;
}

type Outcome = Pick<Row, "lists" | "sends" | "deletesWithNo" | "deletesWithYes">;

/** Lists, sends, and deletes with a no and with a yes, or with a code where nobody can be asked. */
export async function playScenario(
  { canAsk, answer, call }: Session,
  email: string,
): Promise<Outcome> {
  const listed = await call("list_invitations", { status: "all" });
  const sent = await call("send_invitation", { email });
  const found = await call("list_invitations", { email });
  const [{ id: invitation_id = "" } = {}] = found["invitations"] as { id?: string }[];
  const remove = (more = {}) => call("delete_invitation", { invitation_id, ...more });
  const outcome = {
    lists: `${listed["matched"]} invitations`,
    sends: String(sent.outcome),
    deletesWithNo: "cannot ask",
  };
  if (canAsk) {
    answer(false);
    outcome.deletesWithNo = String((await remove()).outcome);
    answer(true);
    const { outcome: gone, confirmed_by } = await remove();
    return { ...outcome, deletesWithYes: `${gone} (${confirmed_by})` };
  }
  const { confirmation } = await remove();
  const { outcome: gone, confirmed_by } = await remove({ confirmation });
  return { ...outcome, deletesWithYes: `${gone} (${confirmed_by})` };
}
