/*
 * What tsyringe, the container inside @peculiar/x509 2.2.0, needs of the Reflect metadata API and nobody ships with it:
 * metadata of classes, looked up along the prototype chain. Must be imported before @peculiar/x509.
 */
const metadata = new WeakMap<object, Map<unknown, unknown>>()

const getOwnMetadata = (key: unknown, target: object) => metadata.get(target)?.get(key)

if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, {
    defineMetadata(key: unknown, value: unknown, target: object) {
      metadata.set(target, (metadata.get(target) ?? new Map()).set(key, value))
    },
    getOwnMetadata,
    getMetadata(key: unknown, target: object) {
      for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
        const value = getOwnMetadata(key, at)
        if (value !== undefined) return value
      }
      return undefined
    },
  })
}
