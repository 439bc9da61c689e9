import { gatewayOf } from '../fleet.ts'
import { argumentOf, type Command, type Commands, deedOf, onOffice, onStore } from './command.ts'
import { tagOf } from './rollout.ts'

/** Groups of gateways: words that an operator puts on them. */
export const tagCommands: Commands = {
  tag: changing('tag', 'put a word on it, by which roll-outs choose'),
  untag: changing('untag', 'take the word off it'),
  'tag list': onStore([], 'all tags, and the gateways that have them', (store) => {
    const serials = new Map(store.sites().map(({ site, serial }) => [site, serial]))
    const byTag = new Map<string, string[]>()
    for (const [site, tags] of store.tags.tags()) {
      for (const tag of tags) byTag.set(tag, [...(byTag.get(tag) ?? []), serials.get(site) ?? site])
    }
    return Object.fromEntries([...byTag].sort())
  }),
}

function changing(how: 'tag' | 'untag', about: string): Command {
  return onOffice(['<gateway>', '<tag>'], about, ({ store }, asked) => {
    const { site, serial } = gatewayOf(store, argumentOf(asked))
    store.tags[how](site, tagOf(argumentOf(asked, 1)), deedOf(asked))
    return { serial, tags: [...(store.tags.tags().get(site) ?? [])].sort() }
  })
}
