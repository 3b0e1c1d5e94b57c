import * as z from "zod";
import { CONFIRM_METHODS } from "../config/settings.ts";
import { addressPart } from "../email.ts";

// The arguments and results that several tools share.

const MAX_TARGETS = 50;

export const confirmation = z
  .string()
  .optional()
  .describe("Only what confirmation_required returned");

/** The addresses to invite. */
export const emails = z
  .array(z.string())
  .min(1)
  .max(MAX_TARGETS)
  .describe("1-50 plain addresses, each at most 100 characters");

const NAME = /^[^@\s]+@[^@\s]+$|^[0-9a-f]{8}[0-9a-f-]{0,28}$/i;

/** The invitations to act on, each given by its address or the beginning of its id. */
export const invitations = z
  .array(
    z
      .string()
      .overwrite(addressPart)
      .refine(
        (name) => NAME.test(name),
        "must be one address, or an id as list_invitations shows it (8 characters or more)",
      ),
  )
  .min(1)
  .max(MAX_TARGETS)
  .describe("1-50 addresses or listed ids");

/** The result for one target. */
export const resultRow = z.object({
  email: z.string().optional(),
  id: z.string().optional(),
  outcome: z.string(),
  reason: z.string().optional(),
  new_id: z.string().optional(),
});

/** The result of a tool that changes something. */
export const writeOutput = z.object({
  outcome: z.enum([
    "done",
    "partly_done",
    "nothing_to_do",
    "confirmation_required",
    "confirmation_pending",
    "not_confirmed",
  ]),
  organization: z.string(),
  role: z.string().optional(),
  counts: z.object({}).optional(),
  results: z.array(resultRow).optional(),
  note: z.string(),
  confirmed_by: z.enum(CONFIRM_METHODS).optional(),
  reason: z.string().optional(),
  show_to_user: z.string().optional(),
  next: z.string().optional(),
  confirmation: z.string().optional(),
  expires_at: z.string().optional(),
});
