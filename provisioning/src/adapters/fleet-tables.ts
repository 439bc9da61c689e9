/** What gateways last said of themselves, how they are grouped, and what is rolled out to them: the second version's tables. */
export const FLEET_TABLES = `
CREATE TABLE gateway_statuses (
  gateway TEXT PRIMARY KEY,
  received_ms INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  version TEXT,
  config INTEGER NOT NULL,
  last_config_json TEXT,
  last_command_json TEXT,
  clock TEXT NOT NULL,
  clock_offset_ms INTEGER NOT NULL,
  meter TEXT NOT NULL,
  findings_json TEXT NOT NULL,
  session INTEGER,
  is_away INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE gateway_tags (
  site TEXT NOT NULL REFERENCES sites (site),
  tag TEXT NOT NULL,
  PRIMARY KEY (site, tag)
) STRICT;
CREATE TABLE rollouts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  body_json TEXT NOT NULL,
  plan_json TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  created_ms INTEGER NOT NULL,
  undoes INTEGER REFERENCES rollouts (id)
) STRICT;
CREATE TABLE rollout_targets (
  rollout INTEGER NOT NULL REFERENCES rollouts (id),
  site TEXT NOT NULL REFERENCES sites (site),
  place INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting',
  body_json TEXT,
  former_json TEXT,
  counter INTEGER,
  sent_ms INTEGER,
  good_since_ms INTEGER,
  reason TEXT,
  is_forgiven INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (rollout, site)
) STRICT;
CREATE INDEX rollout_targets_by_site ON rollout_targets (site, counter);
`
