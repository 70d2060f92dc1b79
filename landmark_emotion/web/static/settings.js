// What the user has chosen, kept in the address so that a bookmark brings it back:
// #why&mirror=off&camera=HD%20Webcam. A query works too.

const KINDS = { why: Boolean, details: Boolean, automatic: Boolean, mirror: Boolean, camera: String };

const OFF = /^(off|no|false|0)$/i;

/** Read the settings of an address; those it does not name are null. */
export function readSettings({ search, hash }) {
  const settings = {};
  const given = new URLSearchParams(`${search.slice(1)}&${hash.slice(1)}`);
  for (const [name, kind] of Object.entries(KINDS)) {
    const value = given.getAll(name).at(-1) ?? null;
    if (kind === String) settings[name] = value || null;
    else settings[name] = value === null ? null : !OFF.test(value);
  }
  return settings;
}

/** Write the settings that are not null into the address, without a new entry in the history. */
export function writeSettings(settings) {
  const parts = [];
  for (const [name, value] of Object.entries(settings)) {
    if (value === true) parts.push(name);
    else if (value === false) parts.push(`${name}=off`);
    else if (value !== null) parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  const hash = parts.length ? `#${parts.join("&")}` : "";
  history.replaceState(null, "", `${location.pathname}${hash}`);
}
