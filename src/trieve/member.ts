import * as z from "zod";
import { roleName } from "./invitation.ts";

/** A member of the organization. */
export interface Member {
  /** As the account has it. Untrusted, like the name. */
  email: string;
  name: string | undefined;
  /** A role of ROLES, or `unknown(<number>)`. */
  role: string;
}

export interface MemberList {
  members: Member[];
  /** How many rows were malformed or another organization's. */
  skipped: number;
}

const row = z.object({
  email: z.string(),
  name: z.string().nullish(),
  user_orgs: z.array(z.object({ organization_id: z.string(), role: z.int() })),
});

/** The members among `rows`. A row that is malformed or another organization's is counted, never shown. */
export function readMembers(rows: readonly unknown[], organizationId: string): MemberList {
  const members = rows.flatMap((one): Member[] => {
    const { data } = row.safeParse(one);
    const own = data?.user_orgs.find((org) => org.organization_id.toLowerCase() === organizationId);
    if (data === undefined || own === undefined) return [];
    return [{ email: data.email, name: data.name ?? undefined, role: roleName(own.role) }];
  });
  return { members, skipped: rows.length - members.length };
}
