import pLimit from "p-limit";
import { Failure } from "../failures.ts";

/** Runs work when few enough others run; `begin` says that it has begun in earnest. */
type InTurn = <T>(work: (begin: () => void) => Promise<T>) => Promise<T>;

/** Turns for sends: `most` at a time. Throws Failure `busy` for one that has not begun after `ms`. */
export function createTurns(most: number, ms: number): InTurn {
  const places = pLimit(most);
  return (work) =>
    new Promise((resolve, reject) => {
      let isLate = false;
      const late = setTimeout(() => {
        isLate = true;
        reject(new Failure("busy", { ...MAIL_IS_SLOW, nothingSent: true }));
      }, ms);
      const begin = () => {
        clearTimeout(late);
        if (isLate) throw new Failure("busy", { nothingSent: true });
      };
      const end = () => clearTimeout(late);
      places(() => (isLate ? undefined : work(begin).then(resolve, reject).finally(end)));
    });
}

const MAIL_IS_SLOW = {
  happened: "Two other invitations are still being mailed; nothing was sent",
  next: "Call again in a minute; send_invitations takes several addresses in one call",
};
