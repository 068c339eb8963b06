// Why a person has to look at a visit. The database and its events say it in English; people read it in their language.

import { t } from "../shell/words.js";

const REASONS = {
  reason_no_end: /^it was not seen to its end$/,
  reason_came_again: /^it came again without an exit$/,
  reason_no_entry: /^no entry was seen$/,
  reason_apart: /^a person took it from its entry$/,
  reason_exit_read: /^at the exit it was read as (.+)$/,
  reason_may_be: /^it may be (.+)$/,
  reason_trailer: /^with a trailer, (.+)$/,
};

/** A reason in the reader's language; one that is not known here, as it is. */
export function reasonText(reason) {
  for (const [name, pattern] of Object.entries(REASONS)) {
    const found = reason.match(pattern);
    if (found) return t(name, { text: found[1]?.replaceAll(" or ", ` ${t("or")} `) });
  }
  return reason;
}
