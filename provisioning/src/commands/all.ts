import { auditCommands } from './audit.ts'
import { bootCommands } from './boot.ts'
import { caCommands } from './ca.ts'
import type { Commands } from './command.ts'
import { fleetCommands } from './fleet.ts'
import { labelCommands } from './labels.ts'
import { lifeCommands } from './life.ts'
import { manifestCommands } from './manifest.ts'
import { moveCommands } from './moves.ts'
import { rolloutCommands } from './rollout.ts'
import { rootCommands } from './root.ts'
import { tagCommands } from './tags.ts'
import { tokenCommands } from './token.ts'

export const COMMANDS: Commands = {
  ...manifestCommands,
  ...labelCommands,
  ...bootCommands,
  ...lifeCommands,
  ...moveCommands,
  ...fleetCommands,
  ...tokenCommands,
  ...auditCommands,
  ...caCommands,
  ...rootCommands,
  ...tagCommands,
  ...rolloutCommands,
}
