// The videos that this browser has sent: their jobs are found again after a reload, and after a restart of the service.

const KEY = "plate-jobs";

export const remembered = () => JSON.parse(localStorage.getItem(KEY) || "[]");
const keep = (ids) => localStorage.setItem(KEY, JSON.stringify(ids));

export const remember = (id) => keep([...remembered().filter((one) => one !== id), id]);
export const forget = (id) => keep(remembered().filter((one) => one !== id));
