import { Fault } from '@wattfleet/protocol'
import { ROLE_NAMES } from '../core/roles.ts'
import { createToken, TOKEN_DAYS } from '../tokens.ts'
import { argumentOf, type Commands, deedOf, onOffice, onStore } from './command.ts'

/** Who may call the API. */
export const tokenCommands: Commands = {
  'token create': onOffice(
    ['<name>'],
    `let somebody call the API; --role ${ROLE_NAMES.join('|')}, --days ${TOKEN_DAYS.default}; the secret is shown once`,
    ({ store }, asked) => {
      const { role, days = String(TOKEN_DAYS.default) } = asked.options
      const known = ROLE_NAMES.find((name) => name === role)
      if (known === undefined) throw new Fault('config', `--role: expected ${ROLE_NAMES.join(', ')}`)
      const request = { name: argumentOf(asked), role: known, days: Number(days) }
      return createToken(store, request, deedOf(asked).actor, asked.nowMs)
    },
    { role: { type: 'string' }, days: { type: 'string' } },
    ['role'],
  ),
  'token list': onStore([], 'who may call the API', (store) => store.tokens.all()),
  'token revoke': onOffice(['<name>'], 'it may not call any more', ({ store }, asked) => {
    const name = argumentOf(asked)
    if (!store.tokens.revoke(name, deedOf(asked))) throw new Fault('enrolment', `no token has the name ${name}`)
    return store.tokens.all().find((token) => token.name === name)
  }),
}
