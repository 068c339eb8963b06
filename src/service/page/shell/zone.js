// Times of day in a time zone that need not be the browser's, as fields of the kind datetime-local have them.

/** How far a zone is from UTC at a time, in milliseconds. */
function offset(time, zone) {
  const form = new Intl.DateTimeFormat("en", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric",
  });
  const { year, month, day, hour, minute, second } = Object.fromEntries(
    form.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
}

/** What a field says, as a time in UTC; empty where it says nothing. */
export function toInstant(local, zone) {
  if (!local) return "";
  const asUtc = Date.parse(`${local}Z`);
  // A second time, for days on which clocks change.
  const near = asUtc - offset(asUtc, zone);
  return new Date(asUtc - offset(near, zone)).toISOString();
}

/** A time as a field shows it. */
export function toLocal(instant, zone) {
  if (!instant) return "";
  const time = Date.parse(instant);
  return new Date(time + offset(time, zone)).toISOString().slice(0, 16);
}
